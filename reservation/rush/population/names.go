package population

import (
	"math/rand/v2"
	"strings"
)

// surnames lists common Korean family names with their share in thousandths
// (census of 2015, rounded); the remainder falls on the last.
var surnames = [...]struct {
	name  string
	share int
}{
	{"김", 215}, {"이", 147}, {"박", 84}, {"최", 47}, {"정", 43}, {"강", 24}, {"조", 21}, {"윤", 21},
	{"장", 20}, {"임", 17}, {"한", 15}, {"오", 15}, {"서", 15}, {"신", 15}, {"권", 14}, {"황", 14},
	{"안", 14}, {"송", 14}, {"류", 13}, {"홍", 11}, {"전", 11}, {"고", 9}, {"문", 9}, {"손", 9},
	{"양", 9}, {"배", 8}, {"백", 7}, {"허", 7}, {"남", 5}, {"심", 5}, {"노", 5}, {"하", 5},
	{"남궁", 2}, {"황보", 1}, {"제갈", 1}, {"선우", 1}, {"곽", 0},
}

var (
	firstSyllables = strings.Fields("민 서 지 현 준 예 도 하 은 수 영 정 성 승 재 진 경 동 상 태 유 윤 선 혜 미 소 나 다 채 시 규 우 건 한 종 병 광 형 원 인")
	lastSyllables  = strings.Fields("준 우 서 윤 현 민 호 진 영 희 정 연 아 은 수 경 숙 미 훈 석 철 환 식 혁 빈 원 율 린 솔 람 찬 성 균 범 섭 주 나 라 선 화")

	// foreignNames is kept long on purpose: forms of 2021 cut such names off.
	foreignGiven  = strings.Fields("MARIA CRISTINA JOHANNES BARTHOLOMEW NGUYEN THI PHUONG ALEXANDRA KONSTANTIN ABDURRAHMAN MUHAMMAD SITI NURHALIZA WILHELMINA OYUNBILEG SHAKHZODA")
	foreignFamily = strings.Fields("SANTOS VILLANUEVA VAN-DER-MERWE O'SHAUGHNESSY PAPADOPOULOS TRAN BATBAYAR KARIMOV RAKHMATULLAYEVA WICKRAMASINGHE MONTGOMERY HERNÁNDEZ RODRÍGUEZ SCHWARZENBERGER")
)

func koreanName(r *rand.Rand) string {
	family := surnames[len(surnames)-1].name
	for n, i := r.IntN(1000), 0; i < len(surnames); i++ {
		if n -= surnames[i].share; n < 0 {
			family = surnames[i].name
			break
		}
	}
	return family + firstSyllables[r.IntN(len(firstSyllables))] + lastSyllables[r.IntN(len(lastSyllables))]
}

func foreignName(r *rand.Rand) string {
	parts := make([]string, 0, 6)
	for range 2 + r.IntN(2) {
		parts = append(parts, foreignGiven[r.IntN(len(foreignGiven))])
	}
	for range 1 + r.IntN(3) {
		parts = append(parts, foreignFamily[r.IntN(len(foreignFamily))])
	}
	return strings.Join(parts, " ")
}
