package twin

import (
	"fmt"
	"math/rand/v2"
)

// Storm makes up an evening like Random, but three to seven things go wrong within
// minutes of each other, mostly at the bottleneck. The same number gives the same
// evening.
func Storm(number uint64) *Scenario {
	s := Random(number)
	random := rand.New(rand.NewPCG(number, 0x570))
	s.Name, s.Duration = fmt.Sprintf("storm-%d", number), 2700
	tight := s.Resources[1] // the first is the WAS
	for _, r := range s.Resources[2:] {
		if s.callLimit(r) < s.callLimit(tight) {
			tight = r
		}
	}
	begin := 300 + 300*random.Float64()
	s.Faults = nil
	for range 3 + random.IntN(5) {
		f := Fault{
			Resource: tight.Name, Factor: 0.2 + 0.5*random.Float64(),
			At: Duration(begin + 240*random.Float64()), For: Duration(60 + 540*random.Float64()),
		}
		brief := Duration(10 + 80*random.Float64())
		switch random.IntN(13) {
		case 0, 1:
			f.Kind = faultStep
		case 2, 3:
			f.Kind, f.For = faultStall, brief
		case 4, 5:
			f.Kind, f.Period = faultFlap, Duration(15+105*random.Float64())
		case 6:
			f.Kind = faultDecay
		case 7:
			f.Kind, f.Factor = faultVisits, 1+f.Factor
		case 8:
			f.Kind, f.Resource, f.Factor = faultStorm, everyResource, 2+4*random.Float64()
		case 9:
			f.Kind, f.Resource, f.Count = faultKill, everyResource, 1+random.IntN(4)
		case 10:
			f.Kind, f.Resource, f.For = faultLeader, everyResource, brief/2
		case 11:
			f.Kind, f.Resource, f.For = faultNaN, everyResource, brief
		case 12:
			f.Kind, f.Resource, f.For = faultFrozen, everyResource, brief
		}
		s.Faults = append(s.Faults, f)
	}
	return s
}
