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
		Fixed:     0.83,
		AIMD:      AIMD{Start: 0.84, Alpha: 0.0014, Beta: 0.97, Held: 0.2, Slow: 3.6, Cooldown: 20},
		Gradient2: Gradient2{Start: 1.07, Tolerance: 4.2, Window: 42, Smoothing: 0.0049, Queue: 0.4, HeldWeight: 1.6, Fill: 5},
		PI:        PI{Start: 1, Kp: 0.135, Ki: 0.0021, Setpoint: 1.96, HeldWeight: 1.58},
	}
}
