package outbox

import (
	"fmt"
	"strings"

	"sunbeon/reservation/booking"
)

// Message is what the message centre is asked to send to a person. Its texts
// hold no link: whoever learns to follow links in such messages follows the next
// forged one.
type Message struct {
	Key    string            `json:"key"`  // the same for every repetition
	Kind   booking.EventKind `json:"kind"` // booked, changed, cancelled, withdrawn or invited
	Number string            `json:"number,omitempty"`
	Name   string            `json:"name"`
	Phone  string            `json:"phone"`
	Text   map[string]string `json:"text"` // by language: ko, en
}

// Appointment is one dose as people are told of it.
type Appointment struct {
	Institution, Date, Time, Vaccine string
}

func compose(e booking.Event, p booking.Person, doses []Appointment) Message {
	number := string(booking.NumberOf(e.Serial))
	m := Message{
		Key:  fmt.Sprintf("%s-%s-%d", number, e.Kind, e.ID),
		Kind: e.Kind, Number: number, Name: p.Name, Phone: p.Phone,
	}
	ko, en := headline(e.Kind, number)
	for i, d := range doses {
		ko += fmt.Sprintf("\n%d차: %s %s, %s, %s", i+1, d.Date, d.Time, plain(d.Institution), plain(d.Vaccine))
		en += fmt.Sprintf("\nDose %d: %s %s, %s, %s", i+1, d.Date, d.Time, plain(d.Institution), plain(d.Vaccine))
	}
	m.Text = map[string]string{
		"ko": ko + "\n변경과 취소는 예약하신 누리집에서 본인 확인 후 하실 수 있습니다. 이 문자에는 링크가 없습니다.",
		"en": en + "\nTo change or cancel, verify your identity where you booked. This message holds no link.",
	}
	return m
}

// Invited is the kind of a message to somebody who was refused and may book.
const Invited booking.EventKind = "invited"

// invite is the message to somebody who was refused and may book after all.
func invite(id int64, p booking.Person) Message {
	return Message{
		Key: fmt.Sprintf("%s-%d", Invited, id), Kind: Invited, Name: p.Name, Phone: p.Phone,
		Text: map[string]string{
			"ko": "앞서 예약 대상이 아니라고 안내해 드렸으나 바로잡혀 이제 예약하실 수 있습니다. 순번은 그대로 있습니다. 같은 누리집에서 본인 확인 후 이어서 예약하십시오. 이 문자에는 링크가 없습니다.",
			"en": "You were told that you may not book. That has been corrected: now you may, and your turn was kept. Verify your identity where you did before and go on. This message holds no link.",
		},
	}
}

func headline(kind booking.EventKind, number string) (ko, en string) {
	switch kind {
	case booking.Booked:
		return "예약이 완료되었습니다. 예약번호 " + number, "You are booked. Number " + number
	case booking.Changed:
		return "예약이 변경되었습니다. 예약번호 " + number, "Your booking was changed. Number " + number
	case booking.Withdrawn:
		return "의료기관 사정으로 예약하신 시간이 없어졌습니다. 줄을 서지 않고 다른 시간으로 바꾸실 수 있습니다. 예약번호 " + number,
			"The institution has taken the time you booked off. Choose another one without joining the line. Number " + number
	default:
		return "예약이 취소되었습니다. 예약번호 " + number, "Your booking was cancelled. Number " + number
	}
}

// plain keeps what an institution calls itself from turning into a link on a
// phone, which makes one of anything with a dot or a scheme in it.
func plain(name string) string {
	return strings.NewReplacer("://", " ", ".", " ", "/", " ").Replace(name)
}
