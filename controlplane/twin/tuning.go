package twin

// Tuning is the parameters of the baselines. Default is what Tune found on the
// tuning scenarios; TUNING.md shows how.
type Tuning struct {
	Fixed     float64   `json:"fixed"` // share of the rate believed beforehand
	AIMD      AIMD      `json:"aimd"`
	Gradient2 Gradient2 `json:"gradient2"`
	PI        PI        `json:"pi"`
}

// AIMD parameters. Alpha is a share of the prior rate a second.
type AIMD struct {
	Start    float64 `json:"start"`
	Alpha    float64 `json:"alpha"`
	Beta     float64 `json:"beta"`
	Held     float64 `json:"held"`
	Slow     float64 `json:"slow"`
	Cooldown float64 `json:"cooldown_s"`
}

// Gradient2 parameters.
type Gradient2 struct {
	Start      float64 `json:"start"`
	Tolerance  float64 `json:"tolerance"`
	Window     float64 `json:"window"`
	Smoothing  float64 `json:"smoothing"`
	Queue      float64 `json:"queue"`
	HeldWeight float64 `json:"held_weight"`
	Fill       float64 `json:"fill_s"`
}

// PI parameters. Gains are in shares of the prior rate.
type PI struct {
	Start      float64 `json:"start"`
	Kp         float64 `json:"kp"`
	Ki         float64 `json:"ki"`
	Setpoint   float64 `json:"setpoint"`
	HeldWeight float64 `json:"held_weight"`
}

// DefaultTuning returns the tuned baselines.
func DefaultTuning() Tuning {
	return Tuning{
		Fixed:     1.1,
		AIMD:      AIMD{Start: 1, Alpha: 0.002, Beta: 0.8, Held: 0.05, Slow: 3, Cooldown: 60},
		Gradient2: Gradient2{Start: 1, Tolerance: 1.5, Window: 300, Smoothing: 0.05, Queue: 0.5, HeldWeight: 20, Fill: 20},
		PI:        PI{Start: 1, Kp: 0.2, Ki: 0.002, Setpoint: 0.5, HeldWeight: 10},
	}
}
