package population

// Province is a first-level division and the people living in it.
type Province struct {
	// Name is the English short name, as the booking service spells it.
	Name   string
	People int
}

// Provinces lists the seventeen provinces with their residents at the end of
// 2021 (resident registration statistics).
func Provinces() []Province { return provinces[:] }

// Eligible is the number of people aged 18 to 49 in August 2021: what a crowd
// is a sample of.
const Eligible = 15_374_766

var provinces = [...]Province{
	{"Seoul", 9_509_458},
	{"Busan", 3_350_380},
	{"Daegu", 2_385_412},
	{"Incheon", 2_948_375},
	{"Gwangju", 1_441_611},
	{"Daejeon", 1_452_251},
	{"Ulsan", 1_121_592},
	{"Sejong", 371_895},
	{"Gyeonggi", 13_565_450},
	{"Gangwon", 1_538_492},
	{"Chungbuk", 1_597_427},
	{"Chungnam", 2_119_257},
	{"Jeonbuk", 1_786_855},
	{"Jeonnam", 1_832_803},
	{"Gyeongbuk", 2_626_609},
	{"Gyeongnam", 3_314_183},
	{"Jeju", 676_759},
}

// ages holds the people of 18 to 49 by the years they were born in: the
// programme of 2021 went by year of birth, so "in their forties" were those
// born from 1972 to 1981.
var ages = [...]struct{ from, to, people int }{
	{1972, 1981, 5_569_181},
	{1982, 1991, 4_544_844},
	{1992, 2001, 4_835_135},
	{2002, 2003, 425_606},
}

// digits holds the people of 18 to 49 by the last digit of their day of birth.
// Only the sum of 5 to 8 was published; it is spread evenly.
var digits = [10]int{
	0: 1_648_528, 1: 1_736_684, 2: 1_489_502, 3: 1_511_107, 4: 1_409_605,
	5: 1_542_781, 6: 1_542_781, 7: 1_542_781, 8: 1_542_781, 9: 1_408_217,
}

// otherYear stands in for a year the figures do not tell of; an assumption,
// about the mean of the years they do.
const otherYear = 480_000

// yearPeople is how many people were born in year.
func yearPeople(year int) float64 {
	for _, a := range ages {
		if a.from <= year && year <= a.to {
			return float64(a.people) / float64(a.to-a.from+1)
		}
	}
	return otherYear
}
