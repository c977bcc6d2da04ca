extends SceneTree
## A Godot that does what the test tells it to, line by line over TCP, and tells of every signal.
##
## usage: godot --headless --path PROJECT --script puppet.gd -- PORT
## A line is a JSON object, whose [code]do[/code] says what: [code]make[/code] an object, then
## [code]call[/code], [code]get[/code], [code]set[/code] or [code]click[/code] it, or the node below
## it that is named in [code]node[/code]. Each is answered by [code]{"answer": value}[/code].

var _control := StreamPeerTCP.new()
var _heard := ""
var _subject: Node


func _initialize() -> void:
	_control.connect_to_host("127.0.0.1", OS.get_cmdline_user_args()[0].to_int())


func _process(_delta: float) -> bool:
	_control.poll()
	match _control.get_status():
		StreamPeerTCP.STATUS_CONNECTED:
			_read()
		StreamPeerTCP.STATUS_NONE, StreamPeerTCP.STATUS_ERROR:
			# The test is over.
			return true
	return false


func _read() -> void:
	var count := _control.get_available_bytes()
	if count > 0:
		_heard += _control.get_utf8_string(count)
	while "\n" in _heard:
		var line := _heard.get_slice("\n", 0)
		_heard = _heard.substr(line.length() + 1)
		_say({"answer": _plain(_obey(JSON.parse_string(line)))})


func _say(message: Dictionary) -> void:
	_control.put_data((JSON.stringify(message) + "\n").to_utf8_buffer())


func _obey(order: Dictionary) -> Variant:
	var target: Object = _subject
	if order.has("node"):
		target = _subject.get_node(NodePath(order["node"]))
	var answer: Variant = null
	match order["do"]:
		"make":
			_make(order["path"], order["with"])
		"call":
			answer = target.callv(order["method"], order["args"])
		"get":
			answer = target.get(order["property"])
		"set":
			_assign(target, order["property"], order["value"])
		"click":
			_click(target)
		"hold":
			Input.action_press(order["action"])
		"enet":
			answer = _connect_by_enet(order["port"], order["serves"])
		"disconnect":
			root.multiplayer.multiplayer_peer.close()
	return answer


## An object of a script, or a scene, in place of the one before.
func _make(path: String, with: Dictionary) -> void:
	if _subject:
		root.remove_child(_subject)
		_subject.free()
	var source := load(path)
	_subject = (source as PackedScene).instantiate() if source is PackedScene else source.new()
	for property: String in with:
		_assign(_subject, property, with[property])
	root.add_child(_subject)
	if source is GDScript:
		_listen(_subject, source)


## As set, also of an array of one type, which takes no array of any.
func _assign(target: Object, property: String, value: Variant) -> void:
	if value is Array:
		(target.get(property) as Array).assign(value)
	else:
		target.set(property, value)


## Tells of all signals that the object's script and those that it extends have.
func _listen(object: Object, source: GDScript) -> void:
	for description in source.get_script_signal_list():
		var signal_name: String = description["name"]
		var count: int = description["args"].size()
		var tell := func(
			a: Variant = null, b: Variant = null, c: Variant = null, d: Variant = null
		):
			_say({"signal": signal_name, "args": _plain([a, b, c, d].slice(0, count))})
		object.connect(signal_name, tell)


func _connect_by_enet(port: int, serves: bool) -> Variant:
	var peer := ENetMultiplayerPeer.new()
	var error := peer.create_server(port) if serves else peer.create_client("127.0.0.1", port)
	root.multiplayer.multiplayer_peer = peer
	return error


## As a person would: whatever lies over it gets the click.
func _click(target: Control) -> void:
	var place := target.get_global_rect().get_center()
	var motion := InputEventMouseMotion.new()
	motion.position = place
	root.push_input(motion, true)
	for is_down: bool in [true, false]:
		var press := InputEventMouseButton.new()
		press.button_index = MOUSE_BUTTON_LEFT
		press.position = place
		press.pressed = is_down
		root.push_input(press, true)


## What JSON can say of a value.
func _plain(value: Variant) -> Variant:
	if value is LobbyError:
		return {
			"kind": LobbyError.Kind.find_key(value.kind),
			"code": value.code,
			"reason": value.reason,
			"text": value.text(),
		}
	if value is Array or value is PackedInt32Array:
		return Array(value).map(_plain)
	if value is Dictionary:
		var plain := {}
		for key: Variant in value:
			plain[str(key)] = _plain(value[key])
		return plain
	if value is Node2D:
		return [value.position.x, value.position.y]
	if value is Object:
		return str(value)
	return value
