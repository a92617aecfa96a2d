package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// tricks lists every way we know to jump the line, burn it down or bend its
// record, with the stories that play it. A trick without a story, or a story
// that is gone, fails.
var tricks = []struct {
	trick   string
	stories []string // folder, colon, function
}{
	// By which people jumped the line in 2021.
	{"the direct address of the form before opening", []string{"reservation/gate:TestTrickDirectAddressBeforeOpening", "reservation/was:TestNobodyGetsInWithoutTheirOwnPass"}},
	{"aeroplane mode for three seconds, then refresh", []string{"reservation/gate:TestTrickAeroplaneMode", "reservation/was:TestWithoutAPlanNobodyGetsIn"}},
	{"a console command, a user script's flag", []string{"reservation/gate:TestTrickConsoleCommand"}},
	{"the device's clock", []string{"reservation/gate:TestTrickDeviceClock"}},
	{"another browser, device, tab or provider", []string{"reservation/gate:TestTrickAnotherBrowser", "reservation/gate:TestAllProvidersLeadToOnePlace"}},
	{"sharing or replaying a pass", []string{"reservation/gate:TestTrickSharedPass", "reservation/waitingroom:TestFetchingAgainGivesTheSamePass"}},

	// At the door.
	{"forged, truncated, expired and unsigned tokens, those of others and of other cohorts", []string{
		"reservation/gate:TestTrickSharedPass", "reservation/gate:TestTrickForgedLogin", "reservation/credential:TestPassRefusals",
		"reservation/credential:TestTicketRefusals", "reservation/credential:TestLoginRefusesWhatIsNotGenuine", "reservation/credential:TestPassIsBound"}},
	{"burning numbers", []string{"reservation/waitingroom:TestRefusedRequestsBurnNoNumber", "reservation/gate:TestTrickForgedLogin"}},
	{"one person on hundreds of connections", []string{"reservation/gate:TestTrickOnePersonOnHundredsOfConnections"}},
	{"oversized and malformed bodies", []string{"reservation/gate:TestBodiesAreBounded", "reservation/gate:TestMalformedLogins", "reservation/was:TestNonsenseIsRefused"}},
	{"slow-loris", []string{"internal/httpserver:TestTrickSlowLoris", "reservation/waitingroom/fairness:TestTrickSlowReaderOfTheRecord"}},
	{"smuggling headers and requests through the proxy", []string{"reservation/gate:TestSmuggledRequestsAreSeenByTheDoor", "reservation/gate:TestInventedHeadersStayOutside"}},
	{"going to a booking server directly", []string{"reservation/was:TestNobodyGetsInWithoutTheirOwnPass"}},
	{"writing from another site", []string{"reservation/gate:TestOtherSitesCannotWrite"}},

	// With clocks and networks.
	{"a clock set ahead or back", []string{"reservation/gate:TestAClockSetAheadCallsNobody", "reservation/gate:TestTrickClockSetBack", "reservation/waitingroom:TestStoryControlPlaneClock20SecondsOff"}},
	{"a gate cut off while the rate is cut", []string{"reservation/waitingroom:TestStoryGateCutOffWhileTheRateIsCut"}},
	{"an idle night followed by a rush", []string{"reservation/waitingroom:TestStoryIdleNightThenRush"}},
	{"a ten-minute outage with 100,000 called", []string{"reservation/waitingroom:TestStoryTenMinuteOutageWith100000Called"}},
	{"killing the gate", []string{"reservation/gate:TestACrashLosesNothingAcknowledged", "reservation/waitingroom/record:TestCrashAtEveryByte"}},

	// By who operates the line, with its key.
	{"a ticket stuffed in before the lobby", []string{"reservation/waitingroom:TestAuditFindsATicketBeforeTheLobby", "reservation/waitingroom/fairness:TestOperatorCannotCheat"}},
	{"inserting, dropping or reordering lobby tickets, moving the seal, backdating a segment, calling early", []string{
		"reservation/waitingroom/fairness:TestOperatorCannotCheat", "reservation/waitingroom/fairness:TestOperatorRewritesAnyRecord"}},
	{"choosing the draw", []string{"reservation/gate:TestDrawFromARoundOfDrand", "internal/drand:TestWhatIsNotTheRoundIsRefused", "controlplane/plan:TestDrandRoundComesAfterTheSeal"}},
	{"rewriting the log, or showing another than a receipt tells of", []string{
		"reservation/waitingroom/fairness:TestRewrittenHistoryIsCaughtByWhatWasSeen", "reservation/gate:TestTrickLeavingSomebodyOut"}},
	{"passing off a log under another key", []string{"reservation/waitingroom/fairness:TestAnotherKeyIsNoticed"}},
	{"a log with a face for everybody", []string{"reservation/waitingroom/fairness:TestWitnessesSpeakForTheLog", "reservation/gate:TestAWitnessSpeaksForTheGate"}},
	{"a log of the future", []string{"reservation/waitingroom/fairness:TestWitnessCatchesARecordOfTheFuture"}},

	// By who copies the record, without its key.
	{"changing any byte of a copy, with or without its checksums", []string{
		"reservation/waitingroom/fairness:TestEveryByteCounts", "reservation/waitingroom/fairness:TestMendedChecksumsHideNothing"}},
	{"wearing the verifier out", []string{"reservation/waitingroom:TestAuditEndsWhateverNumberAPassCites", "internal/cli:TestStories"}},
}

func TestEveryTrickHasItsStory(t *testing.T) {
	found := map[string]map[string]bool{} // by folder
	for _, known := range tricks {
		if len(known.stories) == 0 {
			t.Errorf("%s: no story", known.trick)
		}
		for _, story := range known.stories {
			folder, name, _ := strings.Cut(story, ":")
			if found[folder] == nil {
				found[folder] = testsIn(t, folder)
			}
			if !found[folder][name] {
				t.Errorf("%s: there is no %s in %s", known.trick, name, folder)
			}
		}
	}
}

// testsIn are the test functions of a folder.
func testsIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(path.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				tests[f.Name.Name] = true
			}
		}
	}
	return tests
}
