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
		&s.History.EndMS, &s.TermSinceMS, &s.Opening.RecordedMS, &s.Pool.LostMS, &s.Pool.FellMS,
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

// elapsedS is the time since the last step, in seconds: steps come late and are
// left out. What is no step of this evening counts as one period.
func (s *State) elapsedS(cfg Config, nowMS int64) float64 {
	since := nowMS - s.NowMS
	if since < cfg.PeriodMS/4 || since > blindAfter*cfg.PeriodMS {
		since = cfg.PeriodMS
	}
	return float64(since) / 1000
}
