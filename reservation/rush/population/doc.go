// Package population draws synthetic citizens from the figures of Korea's
// autumn of 2021: birth years of those aged 18 to 49, the last digit of the day
// of birth, and the province people live in. Nobody in it exists: telephone
// numbers lie in a range that is never assigned, and what stands for the
// resident number says that it is synthetic.
//
// A [Crowd] is defined by its [Spec] and seed. Person i is the same whenever
// and in whatever order it is drawn, so a crowd of any size needs no memory.
// The package is pure.
package population
