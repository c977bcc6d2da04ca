# Two peers of the Godot demo protocol on Godot 3's own WebSocketClient, in the text and in the JSON spelling.
# usage: RELAY_URL=ws://127.0.0.1:9080 HOME=/writable godot3-server -s client.gd
# Prints PASS and FAIL lines and last DONE; godot3-server's exit code is 0 whatever happened.
# When a file named RESTART appears in the home folder, the relay is to be killed and started anew.
extends SceneTree

signal tick

const JOIN = 0
const ID = 1
const PEER_CONNECT = 2
const PEER_DISCONNECT = 3
const OFFER = 4
const ANSWER = 5
const CANDIDATE = 6
const SEAL = 7
const WAIT_MSEC = 5000
const WHOLE_RUN_MSEC = 60000
const ATTEMPT_MSEC = 300
const ATTEMPTS = 30
const SDP = "v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


class TextSpelling:
	const LETTERS = "JINDOACS"
	var name = "text"
	var mesh = ""
	var malformed = "J:"
	var unknown = "X: 1\n"

	func write(kind, id, data):
		var argument = data if kind == JOIN else "" if kind == SEAL else str(id)
		var payload = "" if kind == JOIN or kind == SEAL else data
		return "%s: %s\n%s" % [LETTERS[kind], argument, payload]

	func read(text):
		var line_end = text.find("\n")
		if line_end < 3 or text.substr(1, 2) != ": ":
			return ["unreadable", text]
		var kind = LETTERS.find(text[0])
		var argument = text.substr(3, line_end - 3)
		if kind == JOIN:
			return [kind, 0, argument]
		return [kind, int(argument), text.substr(line_end + 1, text.length())]


class JSONSpelling:
	var name = "json"
	var mesh = "true"
	var malformed = "{\"type\":0}"
	var unknown = "{\"type\":9,\"id\":1,\"data\":\"\"}"

	func write(kind, id, data):
		return JSON.print({"type": kind, "id": id, "data": data})

	func read(text):
		var message = JSON.parse(text).result
		if typeof(message) != TYPE_DICTIONARY or not message.has_all(["type", "id", "data"]):
			return ["unreadable", text]
		return [int(message["type"]), int(message["id"]), message["data"]]


class Peer:
	var client = WebSocketClient.new()
	var spelling
	var open = false
	var gone = false
	var heard = []
	var close_code = 0
	var close_reason = ""

	func _init(url, its_spelling):
		spelling = its_spelling
		client.connect("connection_established", self, "_established")
		client.connect("connection_error", self, "_error")
		client.connect("connection_closed", self, "_closed")
		client.connect("server_close_request", self, "_close_request")
		client.connect("data_received", self, "_data")
		client.connect_to_url(url)

	func say(kind, id, data):
		say_text(spelling.write(kind, id, data))

	func say_text(text):
		client.get_peer(1).set_write_mode(WebSocketPeer.WRITE_MODE_TEXT)
		client.get_peer(1).put_packet(text.to_utf8())

	func leave():
		client.disconnect_from_host(1000, "Bye")

	func _established(_protocol):
		open = true

	func _error():
		gone = true

	func _closed(_clean):
		gone = true

	func _close_request(code, reason):
		close_code = code
		close_reason = reason

	func _data():
		heard.append(spelling.read(client.get_peer(1).get_packet().get_string_from_utf8()))


var peers = []


func _initialize():
	run(OS.get_environment("RELAY_URL"))


func _idle(_delta):
	for peer in peers:
		if not peer.gone:
			peer.client.poll()
	emit_signal("tick")
	if OS.get_ticks_msec() > WHOLE_RUN_MSEC:
		print("FAIL the whole run: expected an end within ", WHOLE_RUN_MSEC, " ms")
		quit()


func equal(name, got, expected):
	if str(got) == str(expected):
		print("PASS ", name)
	else:
		print("FAIL ", name, ": expected ", expected, " got ", got)


func connected(url, spelling):
	var peer = Peer.new(url, spelling)
	peers.append(peer)
	var end = OS.get_ticks_msec() + WAIT_MSEC
	yield(self, "tick")
	while not peer.open and not peer.gone and OS.get_ticks_msec() < end:
		yield(self, "tick")
	equal("%s: connected" % spelling.name, peer.open, true)
	return peer


func hear(peer):
	var end = OS.get_ticks_msec() + WAIT_MSEC
	yield(self, "tick")
	while peer.heard.empty() and not peer.gone and OS.get_ticks_msec() < end:
		yield(self, "tick")
	return ["nothing"] if peer.heard.empty() else peer.heard.pop_front()


func closed(peer):
	var end = OS.get_ticks_msec() + WAIT_MSEC
	yield(self, "tick")
	while not peer.gone and OS.get_ticks_msec() < end:
		yield(self, "tick")
	return [peer.gone, peer.close_code, peer.close_reason]


func expect(name, peer, message):
	equal("%s: %s" % [peer.spelling.name, name], yield(hear(peer), "completed"), message)


func expect_close(name, peer, code, reason):
	equal("%s: %s" % [peer.spelling.name, name], yield(closed(peer), "completed"), [true, code, reason])


func run(url):
	for spelling in [TextSpelling.new(), JSONSpelling.new()]:
		yield(meet(url, spelling), "completed")
		yield(host_leaves(url, spelling), "completed")
		yield(refusals(url, spelling), "completed")
		yield(comes_back(url, spelling), "completed")
	print("DONE")
	quit()


func meet(url, spelling):
	var ana = yield(connected(url, spelling), "completed")
	ana.say(JOIN, 0, "")
	yield(expect("create: id", ana, [ID, 1, spelling.mesh]), "completed")
	var acknowledged = yield(hear(ana), "completed")
	equal("%s: create: acknowledgement" % spelling.name, acknowledged[0], JOIN)
	var lobby = acknowledged[-1]

	var bob = yield(connected(url, spelling), "completed")
	bob.say(JOIN, 0, lobby)
	var identity = yield(hear(bob), "completed")
	equal("%s: join: id" % spelling.name, identity[0], ID)
	var id = identity[1]
	equal("%s: join: a fair id" % spelling.name, id >= 2 and id <= 2147483647, true)
	yield(expect("join: the host", bob, [PEER_CONNECT, 1, ""]), "completed")
	yield(expect("join: acknowledgement", bob, [JOIN, 0, lobby]), "completed")
	yield(expect("join: announced", ana, [PEER_CONNECT, id, ""]), "completed")

	# In Godot 3 the host offers.
	ana.say(OFFER, id, SDP)
	yield(expect("offer", bob, [OFFER, 1, SDP]), "completed")
	bob.say(ANSWER, 1, SDP)
	yield(expect("answer", ana, [ANSWER, id, SDP]), "completed")
	for candidate in ["\n0\n0\ncandidate:1 1 UDP 1 192.0.2.1 9 typ host", "\naudio\n1\ncandidate:é"]:
		ana.say(CANDIDATE, id, candidate)
		yield(expect("candidate to the peer", bob, [CANDIDATE, 1, candidate]), "completed")
		bob.say(CANDIDATE, 1, candidate)
		yield(expect("candidate to the host", ana, [CANDIDATE, id, candidate]), "completed")
	var long = SDP + "x".repeat(30000)
	bob.say(OFFER, 1, long)
	yield(expect("30,000 bytes", ana, [OFFER, id, long]), "completed")

	var cleo = yield(connected(url, spelling), "completed")
	cleo.say(JOIN, 0, "nosuchlobby")
	yield(expect_close("no such lobby", cleo, 4000, "Lobby does not exists"), "completed")
	var dora = yield(connected(url, spelling), "completed")
	dora.say(JOIN, 0, lobby)
	identity = yield(hear(dora), "completed")
	yield(expect("a third peer is announced", ana, [PEER_CONNECT, identity[1], ""]), "completed")
	dora.leave()
	yield(expect("and its leaving", ana, [PEER_DISCONNECT, identity[1], ""]), "completed")
	yield(expect("the same to the other", bob, [PEER_CONNECT, identity[1], ""]), "completed")
	yield(expect("and its leaving to the other", bob, [PEER_DISCONNECT, identity[1], ""]), "completed")

	ana.say(SEAL, 0, "")
	yield(expect("sealed: host", ana, [SEAL, 0, ""]), "completed")
	yield(expect("sealed: peer", bob, [SEAL, 0, ""]), "completed")
	var late = yield(connected(url, spelling), "completed")
	late.say(JOIN, 0, lobby)
	yield(expect_close("sealed: a newcomer", late, 4000, "Lobby is sealed"), "completed")
	yield(expect_close("seal complete: peer", bob, 1000, "Seal complete"), "completed")
	yield(expect_close("seal complete: host", ana, 1000, "Seal complete"), "completed")


func host_leaves(url, spelling):
	var ana = yield(connected(url, spelling), "completed")
	ana.say(JOIN, 0, "")
	yield(hear(ana), "completed")
	var lobby = yield(hear(ana), "completed")[-1]
	var bob = yield(connected(url, spelling), "completed")
	bob.say(JOIN, 0, lobby)
	for _number in range(3):
		yield(hear(bob), "completed")
	ana.leave()
	yield(expect_close("the host leaves", bob, 4000, "Room host has disconnected"), "completed")


# A host, alone in its lobby.
func host(url, spelling):
	var ana = yield(connected(url, spelling), "completed")
	ana.say(JOIN, 0, "")
	yield(hear(ana), "completed")
	return [ana, yield(hear(ana), "completed")[-1]]


# Another member of a lobby in which there are so many others.
func member(url, spelling, lobby, others):
	var bob = yield(connected(url, spelling), "completed")
	bob.say(JOIN, 0, lobby)
	for _number in range(2 + others):
		yield(hear(bob), "completed")
	return bob


func refusals(url, spelling):
	var peer = yield(connected(url, spelling), "completed")
	peer.say_text(spelling.malformed)
	yield(expect_close("malformed", peer, 4000, "Invalid message format"), "completed")
	peer = yield(connected(url, spelling), "completed")
	peer.say(OFFER, 1, SDP)
	yield(expect_close("in no lobby", peer, 4000, "Invalid message when not in a lobby"), "completed")

	var hosting = yield(host(url, spelling), "completed")
	var lobby = hosting[1]
	peer = yield(member(url, spelling, lobby, 1), "completed")
	peer.say(SEAL, 0, "")
	yield(expect_close("not the host", peer, 4000, "Only host can seal the lobby"), "completed")
	peer = yield(member(url, spelling, lobby, 1), "completed")
	peer.say(OFFER, 77, SDP)
	yield(expect_close("nobody of this id", peer, 4000, "Invalid destination"), "completed")
	peer = yield(member(url, spelling, lobby, 1), "completed")
	peer.say_text(spelling.unknown)
	yield(expect_close("an unknown command", peer, 4000, "Invalid command"), "completed")
	peer = yield(member(url, spelling, lobby, 1), "completed")
	peer.say(JOIN, 0, "")
	yield(expect_close("twice", peer, 4000, "Already in a lobby"), "completed")

	# Three fit in.
	var first = yield(member(url, spelling, lobby, 1), "completed")
	var second = yield(member(url, spelling, lobby, 2), "completed")
	peer = yield(connected(url, spelling), "completed")
	peer.say(JOIN, 0, lobby)
	yield(expect_close("full", peer, 4000, "The lobby is full"), "completed")
	equal("%s: the members stay" % spelling.name, [hosting[0].gone, first.gone, second.gone], [false, false, false])
	hosting[0].leave()
	yield(closed(second), "completed")


# The relay dies and is there again: clients connect anew and find nothing of what was.
func comes_back(url, spelling):
	var hosting = yield(host(url, spelling), "completed")
	var bob = yield(member(url, spelling, hosting[1], 1), "completed")
	File.new().open(OS.get_environment("HOME") + "/RESTART", File.WRITE)
	for peer in [hosting[0], bob]:
		var end = yield(closed(peer), "completed")
		equal("%s: the relay is gone" % spelling.name, end, [true, 0, ""])
	var ana = yield(reconnected(url, spelling), "completed")
	ana.say(JOIN, 0, "")
	yield(expect("again: id", ana, [ID, 1, spelling.mesh]), "completed")
	var lobby = yield(hear(ana), "completed")[-1]
	equal("%s: another lobby" % spelling.name, lobby != hosting[1], true)
	var cleo = yield(connected(url, spelling), "completed")
	cleo.say(JOIN, 0, hosting[1])
	yield(expect_close("the old one is no more", cleo, 4000, "Lobby does not exists"), "completed")
	yield(member(url, spelling, lobby, 1), "completed")
	equal("%s: again: announced" % spelling.name, yield(hear(ana), "completed")[0], PEER_CONNECT)
	ana.leave()
	yield(closed(ana), "completed")


func reconnected(url, spelling):
	for attempt in range(ATTEMPTS):
		var peer = Peer.new(url, spelling)
		peers.append(peer)
		var end = OS.get_ticks_msec() + ATTEMPT_MSEC
		yield(self, "tick")
		while not peer.open and OS.get_ticks_msec() < end:
			yield(self, "tick")
		if peer.open:
			return peer
	equal("%s: connected again" % spelling.name, false, true)
	return Peer.new(url, spelling)
