package legacy

// province is a choice on the page of the provider.
type province struct{ Name, Korean string }

var provinces = []province{
	{"Seoul", "서울"}, {"Busan", "부산"}, {"Daegu", "대구"}, {"Incheon", "인천"}, {"Gwangju", "광주"}, {"Daejeon", "대전"},
	{"Ulsan", "울산"}, {"Sejong", "세종"}, {"Gyeonggi", "경기"}, {"Gangwon", "강원"}, {"Chungbuk", "충북"}, {"Chungnam", "충남"},
	{"Jeonbuk", "전북"}, {"Jeonnam", "전남"}, {"Gyeongbuk", "경북"}, {"Gyeongnam", "경남"}, {"Jeju", "제주"},
}
