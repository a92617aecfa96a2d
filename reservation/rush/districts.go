package rush

// districts names some real second-level divisions of each province, to spread
// institutions over.
var districts = map[string][]string{
	"Seoul":     {"Jongno-gu", "Mapo-gu", "Gwanak-gu", "Songpa-gu", "Gangnam-gu", "Nowon-gu", "Gangseo-gu"},
	"Busan":     {"Haeundae-gu", "Busanjin-gu", "Saha-gu", "Geumjeong-gu"},
	"Daegu":     {"Suseong-gu", "Dalseo-gu", "Buk-gu"},
	"Incheon":   {"Bupyeong-gu", "Namdong-gu", "Yeonsu-gu", "Ganghwa-gun"},
	"Gwangju":   {"Seo-gu", "Gwangsan-gu"},
	"Daejeon":   {"Yuseong-gu", "Seo-gu"},
	"Ulsan":     {"Nam-gu", "Ulju-gun"},
	"Sejong":    {"Sejong-si"},
	"Gyeonggi":  {"Suwon-si", "Goyang-si", "Yongin-si", "Seongnam-si", "Bucheon-si", "Hwaseong-si", "Gapyeong-gun"},
	"Gangwon":   {"Chuncheon-si", "Wonju-si", "Gangneung-si"},
	"Chungbuk":  {"Cheongju-si", "Chungju-si"},
	"Chungnam":  {"Cheonan-si", "Asan-si", "Hongseong-gun"},
	"Jeonbuk":   {"Jeonju-si", "Iksan-si", "Gunsan-si"},
	"Jeonnam":   {"Mokpo-si", "Yeosu-si", "Suncheon-si"},
	"Gyeongbuk": {"Pohang-si", "Gumi-si", "Gyeongju-si", "Ulleung-gun"},
	"Gyeongnam": {"Changwon-si", "Gimhae-si", "Jinju-si"},
	"Jeju":      {"Jeju-si", "Seogwipo-si"},
}
