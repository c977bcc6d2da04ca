extends Control
## The lobby: create one, or join with a code that somebody told; then see who is there, and start.
##
## The squares move from the beginning; starting seals the lobby, so that nobody can join any more.

const GAME := preload("res://game.tscn")

var _game: Game

@onready var _address: LineEdit = %Address
@onready var _code: LineEdit = %Code
@onready var _create: Button = %Create
@onready var _join: Button = %Join
@onready var _start: Button = %Start
@onready var _leave: Button = %Leave
@onready var _entrance: Control = %Entrance
@onready var _room: Control = %Room
@onready var _lobby_name: LineEdit = %LobbyName
@onready var _players: ItemList = %Players
@onready var _status: Label = %Status


func _ready() -> void:
	_address.text = Lobby.url
	_create.pressed.connect(_on_create)
	_join.pressed.connect(_on_join)
	_code.text_submitted.connect(_on_join.unbind(1))
	_start.pressed.connect(Lobby.seal)
	_leave.pressed.connect(Lobby.leave)
	%Copy.pressed.connect(_on_copy)
	Lobby.joined.connect(_on_joined)
	Lobby.peer_joined.connect(_show_players.unbind(1))
	Lobby.peer_left.connect(_show_players.unbind(1))
	Lobby.host_changed.connect(_show_players.unbind(1))
	Lobby.sealed.connect(_on_sealed)
	Lobby.reconnecting.connect(_on_reconnecting)
	Lobby.resumed.connect(_on_resumed)
	Lobby.closed.connect(_on_closed)
	Lobby.webrtc_missing.connect(_say)
	multiplayer.peer_connected.connect(_show_players.unbind(1))
	multiplayer.peer_disconnected.connect(_show_players.unbind(1))
	_show_entrance()


func _on_create() -> void:
	_set_out("Creating a lobby …")
	Lobby.create()


func _on_join() -> void:
	var code := _code.text.strip_edges()
	if code.is_empty():
		_say("Type the code of a lobby, or create one.")
		_code.grab_focus()
		return
	_set_out("Joining …")
	Lobby.join(code)


func _on_copy() -> void:
	DisplayServer.clipboard_set(Lobby.lobby)
	_say("The code is copied. Send it to your friends.")


func _set_out(text: String) -> void:
	Lobby.url = _address.text.strip_edges()
	_create.disabled = true
	_join.disabled = true
	_say(text)


func _on_joined(lobby: String, _id: int, _mesh: bool) -> void:
	_end_game()
	_game = GAME.instantiate()
	add_child(_game)
	move_child(_game, %Background.get_index() + 1)
	_entrance.hide()
	_room.show()
	_lobby_name.text = lobby
	# The arrow keys are for the square.
	get_viewport().gui_release_focus()
	_say("Tell your friends the code. Arrow keys move your square.")
	_show_players()


func _on_sealed() -> void:
	_start.disabled = true
	_say("All are here: nobody can join any more.")


func _on_reconnecting(_attempt: int, seconds: float) -> void:
	_say("The relay is gone. Trying again in %.1f seconds …" % seconds)


func _on_resumed() -> void:
	_say("Back again.")


func _on_closed(error: LobbyError) -> void:
	_say(error.text())
	# The players do not need the relay once they have met.
	if Lobby.connected_peers().is_empty():
		_end_game()
		_show_entrance()
	_show_players()


func _show_entrance() -> void:
	_entrance.show()
	_room.hide()
	_create.disabled = false
	_join.disabled = false
	_create.grab_focus()


func _end_game() -> void:
	if _game:
		_game.queue_free()
		remove_child(_game)
		_game = null


func _show_players() -> void:
	_players.clear()
	_list(Lobby.own_id if Lobby.own_id else multiplayer.get_unique_id(), "you")
	# Who is connected stays so when the lobby is gone.
	var connected := Lobby.connected_peers()
	for id in connected:
		_list(id, "connected")
	for id in Lobby.peers:
		if not id in connected:
			_list(id, "connecting …")
	_start.disabled = not Lobby.is_host() or Lobby.is_sealed


func _list(id: int, what: String) -> void:
	var role := "host" if id == Lobby.host_id else "player %d" % id
	var item := _players.add_item("%s, %s" % [role, what], null, false)
	_players.set_item_custom_fg_color(item, Player.colour(id))


func _say(text: String) -> void:
	_status.text = text
