package steering

// follow moves what is remembered along when the clock was set: back, or ahead by
// more than the inventory reaches while people are still inside. Else everybody
// called before would count as called just now, or as long gone.
func (s *State) follow(in Inputs) {
	step := in.NowMS - s.NowMS
	ahead := step > historyBins*s.History.BinMS && in.Line.Sessions >= 1
	if s.NowMS == 0 || step >= 0 && !ahead {
		return
	}
	stamps := []*int64{
		&s.History.EndMS, &s.TermSinceMS, &s.ToldMS, &s.Opening.RecordedMS, &s.Pool.LostMS, &s.Pool.FellMS,
		&s.Rate.ChangedMS, &s.Rate.LeftMS, &s.Rate.HandedBackMS, &s.Rate.RecordedMS,
		&s.Scale.SurplusSince, &s.Scale.ChangedMS, &s.Scale.RecordedMS, &s.Scale.StartedMS,
	}
	for i := range s.Estimates {
		stamps = append(stamps, &s.Estimates[i].Sight.SeenMS)
	}
	for i := range s.Trust.Pending {
		p := &s.Trust.Pending[i].Predicted
		stamps = append(stamps, &p.FromMS, &p.ToMS)
	}
	for _, at := range stamps {
		if *at != 0 { // never
			*at += step
		}
	}
}

// unheardS is the time from the line's last report to this one, in seconds: steps are
// late or left out, and reports come less often than steps. What is no time of this
// evening counts as one period.
func (s *State) unheardS(cfg Config, in Inputs) float64 {
	toldMS := in.NowMS - max(0, in.Line.AgeMS)
	since := toldMS - s.ToldMS
	s.ToldMS = max(s.ToldMS, toldMS)
	if since < cfg.PeriodMS/4 || since > blindAfter*cfg.PeriodMS {
		since = cfg.PeriodMS
	}
	return float64(since) / 1000
}
