package booking

import "strconv"

// InstitutionID names an institution. It crosses JSON as a string, so that it
// can grow beyond what a browser's numbers hold.
type InstitutionID int64

// Institution is a clinic or vaccination centre.
type Institution struct {
	ID       InstitutionID
	Name     string
	Province string
	District string
}

// ParseInstitutionID reads the decimal form.
func ParseInstitutionID(s string) (InstitutionID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, invalid("institution id must be a positive number")
	}
	return InstitutionID(n), nil
}

func (id InstitutionID) String() string { return strconv.FormatInt(int64(id), 10) }
