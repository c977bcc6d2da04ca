class_name Game
extends Node2D
## Everybody is a square. Arrow keys move one's own, or a pointer that is held down; the others hear
## of it by RPC, without the relay.
##
## An RPC to a player whose game is not there yet would find nobody, so each tells the others when
## it is, in bytes, which need no node to arrive at.

const HERE := "here"
const HERE_TOO := "here too"
const PLAYER := preload("res://player.tscn")
const SPEED := 320.0
const SENDS_PER_SECOND := 20.0
## The same for all players, whatever their windows are like.
const FIELD := Rect2(16, 16, 644, 528)
## How far from a wall or the pointer a square stops.
const MARGIN := 24.0

var _own: Player
var _seconds_until_send := 0.0
## The ids of those whose game is there.
var _here: Array[int] = []

@onready var _bytes: SceneMultiplayer = multiplayer


func _ready() -> void:
	_bytes.peer_packet.connect(_on_packet)
	multiplayer.peer_connected.connect(_on_connected)
	multiplayer.peer_disconnected.connect(_remove)
	_own = _add(multiplayer.get_unique_id())
	for id in multiplayer.get_peers():
		_on_connected(id)


func _physics_process(delta: float) -> void:
	_own.position = _inside(_own.position + _direction() * SPEED * delta)
	_seconds_until_send -= delta
	if _seconds_until_send <= 0.0:
		_seconds_until_send = 1.0 / SENDS_PER_SECOND
		_tell()


## The squares by the ids of their players.
func players() -> Dictionary:
	var found := {}
	for child in get_children():
		if child is Player:
			found[child.id] = child
	return found


## One's own square.
func own_player() -> Player:
	return _own


## A player has moved its square. Nobody moves another's: whose it is, the connection tells.
@rpc("any_peer", "call_remote", "unreliable_ordered")
func move(to: Vector2) -> void:
	var player := _player(multiplayer.get_remote_sender_id())
	if player:
		player.position = _inside(to)


func _tell() -> void:
	# A connection that was just closed has told nobody yet.
	var status := multiplayer.multiplayer_peer.get_connection_status()
	if status != MultiplayerPeer.CONNECTION_CONNECTED:
		return
	for id in multiplayer.get_peers():
		if id in _here:
			move.rpc_id(id, _own.position)


func _direction() -> Vector2:
	var keys := Input.get_vector("ui_left", "ui_right", "ui_up", "ui_down")
	if keys:
		return keys
	var pointer := get_local_mouse_position() - _own.position
	var is_held := Input.is_mouse_button_pressed(MOUSE_BUTTON_LEFT)
	return pointer.normalized() if is_held and pointer.length() > MARGIN else Vector2.ZERO


func _inside(place: Vector2) -> Vector2:
	var field := FIELD.grow(-MARGIN)
	return place.clamp(field.position, field.end)


func _on_connected(id: int) -> void:
	_add(id)
	_bytes.send_bytes(HERE.to_utf8_buffer(), id)


## Answered, because the other's game may not have been there when this one said so first.
func _on_packet(id: int, packet: PackedByteArray) -> void:
	var word := packet.get_string_from_utf8()
	if word == HERE:
		_bytes.send_bytes(HERE_TOO.to_utf8_buffer(), id)
	if word in [HERE, HERE_TOO] and not id in _here:
		_here.append(id)


func _add(id: int) -> Player:
	var player: Player = PLAYER.instantiate()
	player.id = id
	player.is_own = id == multiplayer.get_unique_id()
	var place := Vector2(randf_range(0.2, 0.8), randf_range(0.2, 0.8))
	player.position = FIELD.position + FIELD.size * place
	add_child(player)
	return player


func _remove(id: int) -> void:
	_here.erase(id)
	var player := _player(id)
	if player:
		player.queue_free()


func _player(id: int) -> Player:
	return players().get(id)
