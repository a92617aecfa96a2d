package waitingroom

// Counts sums up a room, for reports and metrics.
type Counts struct {
	// Tickets is how many people have a place.
	Tickets int64
	// Lobby is how many of them the seal fixed; 0 before the seal.
	Lobby int64
	// Serving is the serving number. It never falls, so it is also the highest
	// ever shown.
	Serving int64
	// Called is how many people have been called, Claimed how many have ever
	// claimed, Booked how many have booked.
	Called, Claimed, Booked int64
	// ClaimedLobby is how many of those who have claimed were in the lobby.
	ClaimedLobby int64
	// Sessions is how many hold a pass that is neither used nor run out.
	Sessions int64
	// Asking is how many called people were told to wait by the claim meter.
	Asking int64
}
