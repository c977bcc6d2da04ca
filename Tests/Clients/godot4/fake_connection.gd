extends WebRTCPeerConnectionExtension
## Stands in for the WebRTC extension, which Debian does not have: a connection that goes through
## offer, answer and candidates and then counts as connected. Its channels carry nothing.

## What was given to initialize, of all connections, in order.
static var configurations: Array = []

var is_local_set := false
var is_remote_set := false
var has_candidate := false
var is_closed := false


class Channel:
	extends WebRTCDataChannelExtension

	var connection: WeakRef

	func _get_ready_state() -> WebRTCDataChannel.ChannelState:
		var owner: Object = connection.get_ref()
		return STATE_OPEN if owner and owner.is_connected_now() else STATE_CONNECTING

	func _poll() -> Error:
		return OK

	func _get_available_packet_count() -> int:
		return 0

	func _close() -> void:
		pass


func is_connected_now() -> bool:
	return is_local_set and is_remote_set and has_candidate and not is_closed


func _initialize(configuration: Dictionary) -> Error:
	configurations.append(configuration)
	return OK


func _get_connection_state() -> WebRTCPeerConnection.ConnectionState:
	if is_closed:
		return STATE_CLOSED
	if is_connected_now():
		return STATE_CONNECTED
	return STATE_CONNECTING if is_local_set or is_remote_set else STATE_NEW


func _create_data_channel(_label: String, _config: Dictionary) -> WebRTCDataChannel:
	var channel := Channel.new()
	channel.connection = weakref(self)
	return channel


func _create_offer() -> Error:
	session_description_created.emit.call_deferred("offer", "v=0\r\ns=an offer\r\n")
	return OK


func _set_local_description(_type: String, _sdp: String) -> Error:
	is_local_set = true
	ice_candidate_created.emit.call_deferred("0", 0, "candidate:1 1 UDP 1 192.0.2.1 9 typ host")
	return OK


func _set_remote_description(type: String, sdp: String) -> Error:
	var is_right := (
		sdp == ("v=0\r\ns=an offer\r\n" if type == "offer" else "v=0\r\ns=an answer\r\n")
	)
	# An answer comes to who has offered, an offer to who has not.
	if not is_right or is_local_set != (type == "answer"):
		push_error("the wrong description: %s %s" % [type, sdp])
		return ERR_INVALID_DATA
	is_remote_set = true
	if type == "offer":
		session_description_created.emit.call_deferred("answer", "v=0\r\ns=an answer\r\n")
	return OK


func _add_ice_candidate(mid: String, index: int, sdp: String) -> Error:
	if mid != "0" or index != 0 or not sdp.begins_with("candidate:1 ") or not is_remote_set:
		push_error("the wrong candidate: %s %d %s" % [mid, index, sdp])
		return ERR_INVALID_DATA
	has_candidate = true
	return OK


func _poll() -> Error:
	return OK


func _close() -> void:
	is_closed = true
