class_name LobbyClient
extends Node
## A member of a lobby on a relay: signaling over a WebSocket, in the protocol of Godot's
## [code]networking/webrtc_signaling[/code] demo.
##
## [method create] makes a lobby, [method join] enters one by its name. Members are then told of
## each other and pass offers, answers and candidates. A connection that breaks is made anew, with
## growing pauses; where the relay has the plugin [code]resume[/code], the member is back in its
## place. [LobbyMultiplayer] makes WebRTC connections of this.

## In a lobby now: the first time, or again after the place was lost, and then under a new id.
signal joined(lobby: String, own_id: int, mesh: bool)
## Another member is there. Follows [signal joined] once for each who was there before.
signal peer_joined(id: int)
## Another member has left.
signal peer_left(id: int)
## A member offers a WebRTC connection.
signal offer_received(id: int, sdp: String)
## A member answers this one's offer.
signal answer_received(id: int, sdp: String)
## A member tells an address under which it may be reached.
signal candidate_received(id: int, mid: String, index: int, sdp: String)
## The host sealed the lobby: nobody can join any more, and after a while the relay closes it.
signal sealed
## The lobby has another host (plugin [code]host_migration[/code]).
signal host_changed(id: int)
## The connection broke; it is tried again in so many seconds.
signal reconnecting(attempt: int, seconds: float)
## The connection is back and the place in the lobby as it was.
signal resumed
## A message that is no part of the protocol, as plugins send them.
signal notice_received(notice: Dictionary)
## Out of the lobby, or never in it. Nothing more comes until the next [method create] or
## [method join].
signal closed(error: LobbyError)

## How far this client has got.
enum State {
	## Not in a lobby and not on the way into one.
	IDLE,
	## The WebSocket is being opened.
	CONNECTING,
	## The relay was asked for a place in a lobby.
	JOINING,
	## Connected again, and waiting to hear whether the place is kept.
	RESUMING,
	## In a lobby.
	IN_LOBBY,
	## Between two attempts to connect again.
	WAITING,
}

## The types of the protocol's messages. HOST is of the plugin [code]host_migration[/code].
enum Message { JOIN, ID, PEER_CONNECT, PEER_DISCONNECT, OFFER, ANSWER, CANDIDATE, SEAL, HOST }

## The id of the member who created the lobby.
const HOST_ID := 1

const _SESSION_BYTES := 16
const _CONNECT_MSEC := 10000
const _CLOSE_MSEC := 2000
const _PAUSE_SECONDS_MIN := 0.5
const _PAUSE_SECONDS_MAX := 8.0
## WebSocket pings, by which a vanished relay is noticed.
const _HEARTBEAT_SECONDS := 10.0
## What the relay kept for a member comes at once when it is back: 64 KiB by default.
const _INBOUND_BYTES := 1 << 18

## Address of the relay: [code]ws://localhost:9080[/code], [code]wss://relay.example.org[/code].
@export var url := "ws://localhost:9080"
## How long to try when the connection breaks; 0: not at all.
@export_range(0.0, 600.0, 1.0, "or_greater", "suffix:s") var reconnect_seconds := 60.0
## Whether to ask the relay to keep this member's place while its connection is broken. Relays
## without the plugin [code]resume[/code] take no notice.
@export var resume := true
## Whether a member whose place is lost enters the lobby anew, or, being its host, creates another
## one. Otherwise it is [signal closed].
@export var rejoin := true

## How far this client has got.
var state := State.IDLE
## The name of the lobby, for others to [method join]; empty outside.
var lobby := ""
## This member's id in the lobby, 1 for its creator; 0 outside.
var own_id := 0
## The host's id.
var host_id := HOST_ID
## Whether all members connect to each other, or only to the host.
var is_mesh := true
## Whether nobody can join any more.
var is_sealed := false
## The ids of the other members.
var peers: Array[int] = []

var _socket: WebSocketPeer
var _deadline_msec := 0
## Sockets that still have to say goodbye, each with the time at which to give up.
var _closing := {}
var _was_open := false
var _wanted_lobby := ""
var _wanted_mesh := true
var _session := ""
## Whether the relay answered the session with a greeting, and so will again.
var _greets := false
var _host_term := -1
var _attempt := 0
var _give_up_msec := 0
## What is to be sent when the connection is back: type, id and data of each message.
var _unsent: Array[Array] = []


func _init() -> void:
	# A paused game still has to answer newcomers.
	process_mode = Node.PROCESS_MODE_ALWAYS


func _process(_delta: float) -> void:
	_poll_closing()
	if state == State.WAITING and Time.get_ticks_msec() >= _deadline_msec:
		_open()
	if _socket:
		_poll()


func _exit_tree() -> void:
	if _socket:
		_hang_up()
		_poll_closing()


## Creates a lobby, whose name comes with [signal joined]. In a mesh all members connect to each
## other, otherwise everybody connects to the host. A lobby that this client is in, it leaves.
func create(mesh := true) -> void:
	_begin("", mesh)


## Enters a lobby by its name. A lobby that this client is in, it leaves.
func join(lobby_name: String) -> void:
	# Without a name the relay would create a lobby.
	if lobby_name == "":
		return _finish(LobbyError.new(LobbyError.Kind.NO_SUCH_LOBBY, -1, "A lobby has a name"))
	_begin(lobby_name, true)


## Leaves the lobby, or gives up getting into one.
func leave() -> void:
	if state != State.IDLE:
		_finish(LobbyError.new(LobbyError.Kind.LEFT, 1000))


## Closes the lobby to newcomers; the host alone may. The relay closes it for good after a while,
## 10 seconds by default, in which the last offers and candidates pass.
func seal() -> Error:
	return _send(Message.SEAL, 0, "")


## Whether this member is the host.
func is_host() -> bool:
	return own_id != 0 and own_id == host_id


## Offers another member a WebRTC connection. What is sent while the connection is broken waits
## until it is back.
func send_offer(id: int, sdp: String) -> Error:
	return _send_to(Message.OFFER, id, sdp)


## Answers another member's offer.
func send_answer(id: int, sdp: String) -> Error:
	return _send_to(Message.ANSWER, id, sdp)


## Tells another member an address under which this one may be reached.
func send_candidate(id: int, mid: String, index: int, sdp: String) -> Error:
	return _send_to(Message.CANDIDATE, id, "\n%s\n%d\n%s" % [mid, index, sdp])


# Connecting ------------------------------------------------------------------


func _begin(lobby_name: String, mesh: bool) -> void:
	_reset()
	_wanted_lobby = lobby_name
	_wanted_mesh = mesh
	_open()


func _reset() -> void:
	if _socket:
		_hang_up()
	_forget_lobby()
	_was_open = false
	_greets = false
	# One for each lobby: what is left behind on purpose is not to come back.
	_session = Crypto.new().generate_random_bytes(_SESSION_BYTES).hex_encode()
	_attempt = 0
	state = State.IDLE


func _forget_lobby() -> void:
	lobby = ""
	own_id = 0
	host_id = HOST_ID
	is_sealed = false
	peers.clear()
	_host_term = -1
	_unsent.clear()


func _open() -> void:
	state = State.CONNECTING
	_socket = WebSocketPeer.new()
	_socket.inbound_buffer_size = _INBOUND_BYTES
	# Since Godot 4.4.
	_socket.set(&"heartbeat_interval", _HEARTBEAT_SECONDS)
	_deadline_msec = Time.get_ticks_msec() + _CONNECT_MSEC
	if _socket.connect_to_url(_address()) != OK:
		_socket = null
		_finish(LobbyError.new(LobbyError.Kind.CANNOT_CONNECT, -1, "This is no address: " + url))


func _address() -> String:
	if not resume:
		return url
	var place := url.get_slice("?", 0)
	# The engine takes no query without a path before it.
	if place.count("/") == 2:
		place += "/"
	var query := url.substr(url.find("?") + 1) + "&" if "?" in url else ""
	return "%s?%ssession=%s" % [place, query, _session]


func _poll() -> void:
	_socket.poll()
	match _socket.get_ready_state():
		WebSocketPeer.STATE_CONNECTING:
			if Time.get_ticks_msec() > _deadline_msec:
				_socket = null
				_lost(LobbyError.new(LobbyError.Kind.CANNOT_CONNECT))
		WebSocketPeer.STATE_OPEN:
			if state == State.CONNECTING:
				_opened()
			_read()
		WebSocketPeer.STATE_CLOSED:
			var code := _socket.get_close_code()
			var reason := _socket.get_close_reason()
			_socket = null
			_lost(LobbyError.from_close(code, reason))


func _opened() -> void:
	_was_open = true
	if _greets:
		state = State.RESUMING
	else:
		_ask()


## Asks for a place. Every time but the first, the member has lost one.
func _ask() -> void:
	_forget_lobby()
	state = State.JOINING
	_write(Message.JOIN, 0 if _wanted_mesh else 1, _wanted_lobby)


func _read() -> void:
	var socket := _socket
	# Whoever hears of a message may leave, or begin anew.
	while _socket and _socket == socket and socket.get_available_packet_count() > 0:
		_hear(socket.get_packet().get_string_from_utf8())


# Losing the connection -------------------------------------------------------


func _lost(error: LobbyError) -> void:
	var is_broken := error.kind in [LobbyError.Kind.CONNECTION_LOST, LobbyError.Kind.CANNOT_CONNECT]
	if not _was_open and is_broken:
		error.kind = LobbyError.Kind.CANNOT_CONNECT
		return _finish(error)
	if state == State.RESUMING and error.kind == LobbyError.Kind.JOIN_TIMEOUT:
		# The relay has begun anew, without the plugin that greets.
		_greets = false
		is_broken = true
	var may_return := _greets or lobby == "" or _may_rejoin()
	if is_broken and may_return:
		_retry(error)
	else:
		_finish(error)


func _may_rejoin() -> bool:
	return rejoin and not is_sealed


func _retry(error: LobbyError) -> void:
	var now := Time.get_ticks_msec()
	if _attempt == 0:
		_give_up_msec = now + int(reconnect_seconds * 1000)
	var pause := minf(_PAUSE_SECONDS_MIN * pow(2, _attempt), _PAUSE_SECONDS_MAX)
	# Not all clients of a relay that begins anew at the same moment.
	pause *= randf_range(0.75, 1.25)
	_attempt += 1
	_deadline_msec = now + int(pause * 1000)
	if _deadline_msec > _give_up_msec:
		error.kind = LobbyError.Kind.CONNECTION_LOST
		return _finish(error)
	state = State.WAITING
	reconnecting.emit(_attempt, pause)


func _finish(error: LobbyError) -> void:
	_reset()
	closed.emit(error)


func _hang_up() -> void:
	_socket.close(1000)
	_closing[_socket] = Time.get_ticks_msec() + _CLOSE_MSEC
	_socket = null


func _poll_closing() -> void:
	for socket: WebSocketPeer in _closing.keys():
		socket.poll()
		var is_closed := socket.get_ready_state() == WebSocketPeer.STATE_CLOSED
		if is_closed or Time.get_ticks_msec() > _closing[socket]:
			_closing.erase(socket)


# Hearing ---------------------------------------------------------------------


func _hear(text: String) -> void:
	var json := JSON.new()
	if json.parse(text) != OK or not json.data is Dictionary:
		push_warning("The relay sent what is not JSON: ", text.left(80))
		return
	var message: Dictionary = json.data
	var kind: Variant = message.get("type")
	var id: Variant = message.get("id")
	var data: Variant = message.get("data")
	if kind is float and id is float and data is String:
		_hear_message(int(kind), int(id), data)
	elif message.get("session") is String:
		_greeted(message["session"] == "resumed")
	else:
		notice_received.emit(message)


func _hear_message(kind: int, id: int, data: String) -> void:
	match kind:
		Message.ID:
			own_id = id
			is_mesh = data == "true"
		Message.JOIN:
			_joined(data)
		Message.PEER_CONNECT:
			peers.append(id)
			if state == State.IN_LOBBY:
				peer_joined.emit(id)
		Message.PEER_DISCONNECT:
			peers.erase(id)
			if state == State.IN_LOBBY:
				peer_left.emit(id)
		Message.OFFER:
			offer_received.emit(id, data)
		Message.ANSWER:
			answer_received.emit(id, data)
		Message.CANDIDATE:
			_hear_candidate(id, data)
		Message.SEAL:
			is_sealed = true
			sealed.emit()
		Message.HOST:
			_hear_host(id, data)


func _joined(lobby_name: String) -> void:
	lobby = lobby_name
	_attempt = 0
	# To be found again by its name. A host has no lobby to come back to: it creates another.
	if own_id != HOST_ID:
		_wanted_lobby = lobby_name
	state = State.IN_LOBBY
	joined.emit(lobby, own_id, is_mesh)
	for id: int in peers.duplicate():
		# Whoever heard of the others may have left, or begun anew.
		if state == State.IN_LOBBY and id in peers:
			peer_joined.emit(id)


func _hear_candidate(id: int, data: String) -> void:
	var parts := data.split("\n", false)
	if parts.size() != 3 or not parts[1].is_valid_int():
		push_warning("A candidate of member %d cannot be read: %s" % [id, data.left(80)])
		return
	candidate_received.emit(id, parts[0], parts[1].to_int(), parts[2])


## Of two notices the one of the higher term is right.
func _hear_host(id: int, term: String) -> void:
	if term.to_int() <= _host_term:
		return
	_host_term = term.to_int()
	host_id = id
	host_changed.emit(id)


func _greeted(is_resumed: bool) -> void:
	_greets = true
	if state != State.RESUMING:
		return
	if not is_resumed:
		if lobby == "" or _may_rejoin():
			return _ask()
		return _finish(LobbyError.new(LobbyError.Kind.CONNECTION_LOST, -1, "The place is lost"))
	if lobby == "":
		# The acknowledgement went astray: give the place back and ask for another.
		return _begin(_wanted_lobby, _wanted_mesh)
	state = State.IN_LOBBY
	_attempt = 0
	resumed.emit()
	# Behind what is to be heard first: who has left meanwhile.
	_send_unsent.call_deferred()


# Saying ----------------------------------------------------------------------


func _send_to(kind: int, id: int, data: String) -> Error:
	# The relay throws out who writes to somebody who is not there.
	if not id in peers:
		return ERR_DOES_NOT_EXIST
	return _send(kind, id, data)


func _send(kind: int, id: int, data: String) -> Error:
	if lobby == "":
		return ERR_UNCONFIGURED
	return _write(kind, id, data)


func _write(kind: int, id: int, data: String) -> Error:
	var is_open := state == State.IN_LOBBY or state == State.JOINING
	if is_open and _unsent.is_empty():
		return _socket.send_text(JSON.stringify({"type": kind, "id": id, "data": data}))
	_unsent.append([kind, id, data])
	return OK


func _send_unsent() -> void:
	if state != State.IN_LOBBY:
		return
	var messages := _unsent.duplicate()
	_unsent.clear()
	for message: Array in messages:
		if message[0] == Message.SEAL:
			seal()
		else:
			_send_to(message[0], message[1], message[2])
