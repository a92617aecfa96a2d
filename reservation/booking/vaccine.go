package booking

// Vaccine says how many doses make a course and how far apart they lie. The
// figures are data: they changed several times in 2021.
type Vaccine struct {
	ID           string
	Doses        int // 1 or 2
	IntervalDays int // from the first dose to the second
	SlackDays    int // how many days later than that the second may fall
}

// Validate reports the first figure that cannot be right.
func (v Vaccine) Validate() error {
	switch {
	case v.ID == "":
		return invalid("vaccine without id")
	case v.Doses != 1 && v.Doses != 2:
		return invalid("vaccine " + v.ID + ": doses must be 1 or 2")
	case v.Doses == 2 && v.IntervalDays <= 0:
		return invalid("vaccine " + v.ID + ": interval must be positive")
	case v.SlackDays < 0:
		return invalid("vaccine " + v.ID + ": slack must not be negative")
	}
	return nil
}
