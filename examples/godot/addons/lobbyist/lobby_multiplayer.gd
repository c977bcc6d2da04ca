class_name LobbyMultiplayer
extends LobbyClient
## A [LobbyClient] whose members connect to each other by WebRTC, for Godot's multiplayer API.
##
## From [signal LobbyClient.joined] on, [member Node.multiplayer] is a [WebRTCMultiplayerPeer] with
## the lobby's ids: RPCs, [MultiplayerSynchronizer] and [MultiplayerSpawner] work with whom
## [signal MultiplayerAPI.peer_connected] told. Outside of browsers it needs the extension
## [url=https://github.com/godotengine/webrtc-native]webrtc-native[/url]; where that is lacking,
## [signal webrtc_missing] says so, and the lobby works without connections.

## There is no WebRTC here: install the extension webrtc-native. Follows [signal joined].
signal webrtc_missing(hint: String)

## What to tell who has not installed the extension.
const WEBRTC_HINT := (
	"The WebRTC extension is not installed: players meet in the lobby, but cannot connect to each "
	+ "other. Get webrtc-native from the Asset Library or "
	+ "https://github.com/godotengine/webrtc-native/releases and unpack it into the project."
)

## Credentials are valid for an hour by default.
const _ICE_REFRESH_SECONDS := 600.0

## STUN and TURN servers, each as [code]{"urls": ["stun:stun.example.org"]}[/code]. On a local
## network none are needed.
@export var ice_servers: Array[Dictionary] = []
## Whether to ask the relay for more of them (plugin [code]turn[/code]).
@export var fetch_ice_servers := true

var _peer: WebRTCMultiplayerPeer
var _fetched_servers: Array = []
## Counts the lobbies asked for, so that what comes late for an earlier one is known.
var _request := 0


func _init() -> void:
	super()
	joined.connect(_start)
	peer_joined.connect(_connect_to)
	peer_left.connect(_disconnect_from)
	offer_received.connect(_hear_offer)
	answer_received.connect(_hear_answer)
	candidate_received.connect(_hear_address)
	closed.connect(_end)


func _ready() -> void:
	var timer := Timer.new()
	timer.wait_time = _ICE_REFRESH_SECONDS
	timer.autostart = true
	timer.timeout.connect(_refresh_ice_servers)
	add_child(timer)


## Whether this build of the game can make WebRTC connections.
static func is_webrtc_available() -> bool:
	# An extension registers a class of its own for its connections.
	var implementations := ClassDB.get_inheriters_from_class(&"WebRTCPeerConnectionExtension")
	return OS.has_feature("web") or not implementations.is_empty()


## As [method LobbyClient.leave]; ends the connections with the other members as well, also when the
## lobby itself is gone.
func leave() -> void:
	_request += 1
	if state == State.IDLE and _peer:
		_finish(LobbyError.new(LobbyError.Kind.LEFT))
	else:
		super()


## The ids of the members that this one is connected to.
func connected_peers() -> PackedInt32Array:
	return multiplayer.get_peers() if _peer else PackedInt32Array()


## A connection to one member; null where there is no WebRTC. For implementations of your own.
func _new_connection() -> WebRTCPeerConnection:
	return WebRTCPeerConnection.new() if is_webrtc_available() else null


# ICE servers -----------------------------------------------------------------


func _begin(lobby_name: String, mesh: bool) -> void:
	_request += 1
	if not fetch_ice_servers:
		return super(lobby_name, mesh)
	_reset()
	state = State.CONNECTING
	_begin_with_servers(lobby_name, mesh, _request)


func _begin_with_servers(lobby_name: String, mesh: bool, request: int) -> void:
	await _fetch()
	# Another lobby may have been asked for meanwhile, or none.
	if request == _request:
		super._begin(lobby_name, mesh)


func _fetch() -> void:
	var asking := LobbyIceServers.new()
	add_child(asking)
	_fetched_servers = await asking.fetch(url)
	asking.queue_free()


func _refresh_ice_servers() -> void:
	if fetch_ice_servers and state != State.IDLE and not is_sealed:
		_fetch()


# Connections -----------------------------------------------------------------


func _start(_lobby: String, id: int, mesh: bool) -> void:
	_stop()
	if _new_connection() == null:
		# Behind what others make of the lobby that is joined.
		webrtc_missing.emit.call_deferred(WEBRTC_HINT)
		return
	_peer = WebRTCMultiplayerPeer.new()
	if mesh:
		_peer.create_mesh(id)
	elif id == HOST_ID:
		_peer.create_server()
	else:
		_peer.create_client(id)
	multiplayer.multiplayer_peer = _peer


func _stop() -> void:
	if _peer == null:
		return
	_peer.close()
	_peer = null
	multiplayer.multiplayer_peer = OfflineMultiplayerPeer.new()


func _connect_to(id: int) -> void:
	if _peer == null:
		return
	var connection := _new_connection()
	connection.initialize({"iceServers": ice_servers + _fetched_servers})
	connection.session_description_created.connect(_described.bind(id))
	connection.ice_candidate_created.connect(_found_address.bind(id))
	_peer.add_peer(connection, id)
	# One of the two offers. That it is the one of the higher id is the protocol's custom: newcomers
	# offer to the host.
	if id < own_id:
		connection.create_offer()


func _disconnect_from(id: int) -> void:
	if _peer and _peer.has_peer(id):
		_peer.remove_peer(id)


func _connection_to(id: int) -> WebRTCPeerConnection:
	if _peer == null or not _peer.has_peer(id):
		return null
	return _peer.get_peer(id)["connection"]


func _described(type: String, sdp: String, id: int) -> void:
	var connection := _connection_to(id)
	if connection == null:
		return
	connection.set_local_description(type, sdp)
	if type == "offer":
		send_offer(id, sdp)
	else:
		send_answer(id, sdp)


func _found_address(mid: String, index: int, sdp: String, id: int) -> void:
	send_candidate(id, mid, index, sdp)


func _hear_offer(id: int, sdp: String) -> void:
	var connection := _connection_to(id)
	if connection:
		connection.set_remote_description("offer", sdp)


func _hear_answer(id: int, sdp: String) -> void:
	var connection := _connection_to(id)
	if connection:
		connection.set_remote_description("answer", sdp)


func _hear_address(id: int, mid: String, index: int, sdp: String) -> void:
	var connection := _connection_to(id)
	if connection:
		connection.add_ice_candidate(mid, index, sdp)


# Without the relay -----------------------------------------------------------


## Who plays already does not begin anew under another id because the relay has forgotten the lobby.
func _may_rejoin() -> bool:
	return super() and connected_peers().is_empty()


func _end(error: LobbyError) -> void:
	# The connections need no relay: where all have met, or the relay is gone, the game goes on.
	if not error.kind in [LobbyError.Kind.SEAL_COMPLETE, LobbyError.Kind.CONNECTION_LOST]:
		_stop()
