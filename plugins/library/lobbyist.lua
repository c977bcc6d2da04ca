---@meta lobbyist

-- What scripts find, for editors: the relay itself never reads this file.
-- Written by Tests/Documentation/luals.py out of api.def, api_examples.lua and luals_by_hand.lua: change those instead.

---What identifies a member within its lobby.
---@alias id integer|string

---What can be kept on a peer, a lobby or the mount, and given to a timer.
---@alias attribute nil|boolean|number|string

---A name or a value of a field: plain, `json.null`, `json.absent`, `json.text`, or a table, which is sent as JSON.
---@alias field nil|boolean|number|string|table|json.mark

---A peer: one WebSocket connection.
---@class peer
---@field [string] any attributes of the script's own: nil, booleans, numbers, strings
local peer = {}

---Sends a text message.
---
---```lua
---peer:send("welcome")
---```
---@param text string
function peer:send(text) end

---Sends a binary message.
---
---```lua
---peer:send_binary("\x01\x02")
---```
---@param bytes string
function peer:send_binary(bytes) end

---Closes the connection after what was sent before; without a code the close frame is empty. The reason is at most 123
---bytes of UTF-8. Answers true.
---
---```lua
---return peer:close(4000, "Lobby is full")
---```
---@param code? integer
---@param reason? string
---@return boolean
function peer:close(code, reason) end

---The lobby that the peer joined first, and its id there; nil when it is in none.
---
---```lua
---local joined, own_id = peer:lobby()
---```
---@return lobby?
---@return id?
function peer:lobby() end

---Every lobby that the peer is in, in the order joined.
---
---```lua
---for _, joined in ipairs(peer:lobbies()) do joined:broadcast("hello") end
---```
---@return lobby[]
function peer:lobbies() end

---The address that the peer connected from.
---
---```lua
---relay.log("info", "hello from " .. peer:address())
---```
---@return string
function peer:address() end

---Whether messages can still be sent to the peer.
---
---```lua
---if peer:is_open() then peer:send("still here?") end
---```
---@return boolean
function peer:is_open() end

---In a plugin's on_disconnect: the peer stays for so many seconds without a connection, and what is sent to it waits.
---Then on_disconnect runs once more. False when it is kept already, or `kept_peers` are.
---
---```lua
---if peer:keep(30) then return true end
---```
---@param seconds number
---@return boolean
function peer:keep(seconds) end

---Whether the peer is without a connection and kept.
---
---```lua
---if peer:is_kept() then return peer:lobby() end
---```
---@return boolean
function peer:is_kept() end

---In a plugin's on_connect: gives the newcomer's connection to this peer, which gets what has waited; the newcomer is
---forgotten. A connection that the peer still had is closed, 4000.
---
---```lua
---peer:take_over(other)
---```
---@param newcomer peer
function peer:take_over(newcomer) end

---Starts the timer `name`: `policy.timers[name](peer, …)` runs once after so many seconds, unless the peer is gone by
---then; up to 13 arguments. A timer of the same name is replaced.
---
---```lua
---peer:after(10, "not_joined", "join a lobby first")
---```
---@param seconds number
---@param name string
---@param ... attribute what the timer's function gets behind its subject
function peer:after(seconds, name, ...) end

---Cancels the timer `name`; false when there was none.
---
---```lua
---peer:cancel("not_joined")
---```
---@param name string
---@return boolean
function peer:cancel(name) end

---A lobby: a named set of peers, each under an id of its own.
---@class lobby
---@field [string] any attributes of the script's own: nil, booleans, numbers, strings
local lobby = {}

---The lobby's name.
---
---```lua
---peer:send(json.encode { lobby = lobby:name() })
---```
---@return string
function lobby:name() end

---Makes the peer a member under this id.
---
---```lua
---lobby:add(newcomer, 3)
---```
---@param peer peer
---@param id id
function lobby:add(peer, id) end

---Whether the plugins, and the limit on members, let the peer join; if not, the reason. lobby:add closes a peer that
---they refuse, 4000, and then the hook has no effect.
---
---```lua
---local admitted, reason = lobby:admits(newcomer)
---```
---@param peer peer
---@return boolean
---@return string?
function lobby:admits(peer) end

---Takes the peer out. A lobby that its last member has left is deleted, unless lobby:keep says otherwise.
---
---```lua
---lobby:remove(other)
---```
---@param peer peer
function lobby:remove(peer) end

---Gives the id and the place of one member to a second peer. No plugin is asked: the place has been granted.
---
---```lua
---lobby:replace(other, newcomer)
---```
---@param old peer
---@param new peer
function lobby:replace(old, new) end

---The member with this id.
---
---```lua
---local destination = lobby:member(2)
---```
---@param id id
---@return peer?
function lobby:member(id) end

---The id of a member, nil for anybody else.
---
---```lua
---if lobby:id_of(peer) == lobby.host then lobby:seal() end
---```
---@param peer peer
---@return id?
function lobby:id_of(peer) end

---All members in join order.
---
---```lua
---for _, member in ipairs(lobby:members()) do member:send("start") end
---```
---@return peer[]
function lobby:members() end

---How many members there are.
---
---```lua
---if lobby:count() >= 4 then return peer:close(4000, "Lobby is full") end
---```
---@return integer
function lobby:count() end

---Up to `count` members drawn at random.
---
---```lua
---for _, member in ipairs(lobby:random_members(2, peer)) do member:send("you are it") end
---```
---@param count integer
---@param except? peer
---@return peer[]
function lobby:random_members(count, except) end

---Sends a text message to every member but `except`.
---
---```lua
---lobby:broadcast('{"arrived":2}', peer)
---```
---@param text string
---@param except? peer|peer[]
function lobby:broadcast(text, except) end

---Sends a binary message to every member but `except`.
---
---```lua
---lobby:broadcast_binary("\x01\x02", { peer, other })
---```
---@param bytes string
---@param except? peer|peer[]
function lobby:broadcast_binary(bytes, except) end

---Marks the lobby as sealed.
---
---```lua
---lobby:seal()
---```
function lobby:seal() end

---Takes the mark away.
---
---```lua
---lobby:unseal()
---```
function lobby:unseal() end

---Whether the lobby is sealed.
---
---```lua
---if lobby:is_sealed() then return peer:close(4000, "Lobby is sealed") end
---```
---@return boolean
function lobby:is_sealed() end

---Whether the lobby still exists.
---
---```lua
---if lobby:is_open() then lobby:broadcast("once more") end
---```
---@return boolean
function lobby:is_open() end

---Deletes the lobby; its members stay connected.
---
---```lua
---lobby:delete()
---```
function lobby:delete() end

---Lets the lobby stay for so many seconds from now though nobody is in it: its timers run, and peers may be added. When
---they are over an empty lobby is deleted; with 0 they are over now. A lobby with members then is deleted when the last
---one leaves.
---
---```lua
---lobby:keep(60)
---```
---@param seconds number
function lobby:keep(seconds) end

---Starts the timer `name` of the lobby: `policy.timers[name](lobby, …)`.
---
---```lua
---lobby:after(10, "sealed")
---```
---@param seconds number
---@param name string
---@param ... attribute what the timer's function gets behind its subject
function lobby:after(seconds, name, ...) end

---Holds a text message for somebody who is not there, under a key of the script's choice, for so many seconds; false
---when there is no room. What a lobby holds goes with it.
---
---```lua
---if not lobby:hold("ana", "you were called", 30) then peer:send("no room") end
---```
---@param key string
---@param text string
---@param seconds number
---@return boolean
function lobby:hold(key, text, seconds) end

---Sends the peer what is held under the key, in order, forgets that and answers how many messages it was. What the
---peer's queue has no room for stays.
---
---```lua
---local count = lobby:deliver("ana", peer)
---```
---@param key string
---@param peer peer
---@return integer
function lobby:deliver(key, peer) end

---Forgets what is held under the key and answers how many messages it was.
---
---```lua
---lobby:discard("ana")
---```
---@param key string
---@return integer
function lobby:discard(key) end

---Cancels the timer `name`; false when there was none.
---
---```lua
---lobby:cancel("sealed")
---```
---@param name string
---@return boolean
function lobby:cancel(name) end

---The mount: everything that this script serves.
---@class mount
---@field [string] any attributes of the script's own: nil, booleans, numbers, strings
mount = {}

---A new, empty lobby; nil and a reason when a limit of the relay is reached. An error when the name is taken.
---
---```lua
---local created, reason = mount:create_lobby(random.text(16))
---```
---@param name string
---@return lobby?
---@return string?
function mount:create_lobby(name) end

---The lobby of this name.
---
---```lua
---local found = mount:find_lobby("den")
---```
---@param name string
---@return lobby?
function mount:find_lobby(name) end

---How many lobbies there are.
---
---```lua
---relay.log("debug", mount:lobby_count() .. " lobbies")
---```
---@return integer
function mount:lobby_count() end

---All lobbies; or those whose attribute of this name has the value, for nil those that lack it.
---
---```lua
---for _, public in ipairs(mount:lobbies("is_public", true)) do peer:send(public:name()) end
---```
---@param attribute? string
---@param value? attribute
---@return lobby[]
function mount:lobbies(attribute, value) end

---All peers; or those whose attribute of this name has the value, for nil those that lack it.
---
---```lua
---for _, same in ipairs(mount:peers("nickname", "Ana")) do same:close(4000, "You have come again") end
---```
---@param attribute? string
---@param value? attribute
---@return peer[]
function mount:peers(attribute, value) end

---How many peers are connected.
---
---```lua
---if mount:peer_count() > 1000 then return peer:close(4000, "Too many peers") end
---```
---@return integer
function mount:peer_count() end

---Starts the timer `name` of the mount: `policy.timers[name](mount, …)`.
---
---```lua
---mount:after(60, "every_minute")
---```
---@param seconds number
---@param name string
---@param ... attribute what the timer's function gets behind its subject
function mount:after(seconds, name, ...) end

---Holds a text message as a lobby does, but outside of any.
---
---```lua
---mount:hold("ana", "you were called", 30)
---```
---@param key string
---@param text string
---@param seconds number
---@return boolean
function mount:hold(key, text, seconds) end

---Sends the peer what the mount holds under the key, as a lobby does.
---
---```lua
---local count = mount:deliver("ana", peer)
---```
---@param key string
---@param peer peer
---@return integer
function mount:deliver(key, peer) end

---Forgets what the mount holds under the key and answers how many messages it was.
---
---```lua
---mount:discard("ana")
---```
---@param key string
---@return integer
function mount:discard(key) end

---Cancels the timer `name`; false when there was none.
---
---```lua
---mount:cancel("every_minute")
---```
---@param name string
---@return boolean
function mount:cancel(name) end

---A message: a view of the bytes that arrived, for as long as its hook runs.
---@class message
local message = {}

---The whole message.
---
---```lua
---peer:send(message:text())
---```
---@return string
function message:text() end

---Whether it came as a binary message.
---
---```lua
---if message:is_binary() then return peer:close(1003, "Text, please") end
---```
---@return boolean
function message:is_binary() end

---Takes a binary message for text from here on, so that its JSON can be read and it is forwarded as text; false when it
---is not UTF-8.
---
---```lua
---if not message:as_text() then return peer:close(1007, "Not UTF-8") end
---```
---@return boolean
function message:as_text() end

---Its length in bytes.
---
---```lua
---if message:size() > 4000 then return peer:close(1009, "Shorter, please") end
---```
---@return integer
function message:size() end

---Part of it, as string.sub.
---
---```lua
---local first_letters = message:sub(1, 3)
---```
---@param first integer
---@param last? integer
---@return string
function message:sub(first, last) end

---Where this plain text begins, from position `first` on.
---
---```lua
---local line_end = message:find("\n")
---```
---@param text string
---@param first? integer
---@return integer?
function message:find(text, first) end

---What JSON is there: object, array, string, number, boolean or null; nil for nothing, or when the message is not JSON.
---
---```lua
---if message:kind("data") == "object" then message:forward(lobby) end
---```
---@param path? string
---@return string?
function message:kind(path) end

---The number at each path, rounded down; nil where there is none. Up to eight paths; without any, the message itself.
---
---```lua
---local to, x = message:integer("to", "data.x")
---```
---@param ... string
---@return integer? ...
function message:integer(...) end

---The number there; nil when it is not a number. Here and below: without a path, the whole message.
---
---```lua
---local x = message:number("data.x")
---```
---@param path? string
---@return number?
function message:number(path) end

---The string there; nil when it is not a string.
---
---```lua
---local name = message:string("data.name")
---```
---@param path? string
---@return string?
function message:string(path) end

---The boolean there; nil when it is not one.
---
---```lua
---local ok = message:boolean("data.ok")
---```
---@param path? string
---@return boolean?
function message:boolean(path) end

---The JSON text there, byte for byte.
---
---```lua
---peer:send(message:raw("data"))
---```
---@param path? string
---@return string?
function message:raw(path) end

---Sends the message on, to a lobby's members with the sender among them, the given fields replaced, added or
---(json.absent) taken out, everything else byte for byte; json.text makes a field that is no string "". A name with
---dots is a path into nested objects (an error where there is none), unless a field is called just that. Without fields
---it goes as it came, binary or text.
---
---```lua
---message:forward(other, "from", 1, "to", json.absent)
---```
---@param destination peer|lobby
---@param ... field names and values in turn, or one table of them
function message:forward(destination, ...) end

---Holds what forward would send under a key of a lobby or the mount, for so many seconds; false when there is no room.
---
---```lua
---message:hold(lobby, "ana", 30, "from", 1)
---```
---@param owner lobby|mount
---@param key string
---@param seconds number
---@param ... field names and values in turn, or one table of them
---@return boolean
function message:hold(owner, key, seconds, ...) end

---Sends `prefix` and the message from position `first` on.
---
---```lua
---message:forward_rest(other, "O: 1\n", 7)
---```
---@param destination peer|lobby
---@param prefix string
---@param first integer
function message:forward_rest(destination, prefix, first) end

---A request: a WebSocket handshake or plain HTTP, for as long as its hook runs.
---@class request
local request = {}

---GET, POST, …
---
---```lua
---if request:method() ~= "GET" then return request:answer(405) end
---```
---@return string
function request:method() end

---The path, percent-decoded.
---
---```lua
---if request:path() == "/status" then return request:answer(200, "up\n") end
---```
---@return string
function request:path() end

---Path and query exactly as requested.
---
---```lua
---local room = request:target():match("[?&]room=([^&]*)")
---```
---@return string
function request:target() end

---A query parameter, decoded.
---
---```lua
---if request:query("token") ~= "sesame" then return request:refuse(403, "No entry") end
---```
---@param name string
---@return string?
function request:query(name) end

---A header's value.
---
---```lua
---local origin = request:header("Origin")
---```
---@param name string
---@return string?
function request:header(name) end

---The address that it comes from.
---
---```lua
---relay.log("debug", "a handshake from " .. request:address())
---```
---@return string
function request:address() end

---Whether the client offers this WebSocket subprotocol.
---
---```lua
---if request:offers("room.v1") then request:choose("room.v1") end
---```
---@param subprotocol string
---@return boolean
function request:offers(subprotocol) end

---Accepts with this subprotocol, which the client must have offered. In on_upgrade.
---
---```lua
---request:choose("room.v1")
---```
---@param subprotocol string
function request:choose(subprotocol) end

---Sets an attribute of the peer to come. In on_upgrade.
---
---```lua
---request:attach("nickname", request:query("nickname"))
---```
---@param name string
---@param value attribute
function request:attach(name, value) end

---Refuses the handshake with an HTTP status. In on_upgrade. Answers true.
---
---```lua
---return request:refuse(401, "Unauthorized", "WWW-Authenticate", "Bearer")
---```
---@param status integer
---@param body? string
---@param ... field names and values in turn, or one table of them
---@return boolean
function request:refuse(status, body, ...) end

---Answers. In on_request. Answers true.
---
---```lua
---return request:answer(200, json.encode { peers = mount:peer_count() }, "Content-Type", "application/json")
---```
---@param status integer
---@param body? string
---@param ... field names and values in turn, or one table of them
---@return boolean
function request:answer(status, body, ...) end

---Clock, log, metrics and settings.
---@class relay
relay = {}

---Seconds since 1970.
---
---```lua
---lobby.created_at = relay.now()
---```
---@return number
function relay.now() end

---Writes a line to the log; level is debug, info, warning or error.
---
---```lua
---relay.log("warning", "a peer from " .. peer:address() .. " is too fast")
---```
---@param level string
---@param text string
function relay.log(level, text) end

---Adds to a metric of the script's own.
---
---```lua
---relay.count("offers")
---```
---@param name string
---@param amount? integer
function relay.count(name, amount) end

---Unpredictable values.
---@class random
random = {}

---An unpredictable integer from low to high.
---
---```lua
---local id = random.integer(2, 2147483647)
---```
---@param low integer
---@param high integer
---@return integer
function random.integer(low, high) end

---Unpredictable characters; A-Z, a-z and 0-9 where no alphabet is given.
---
---```lua
---local code = random.text(4, "ABCDEFGHJKLMNPQRSTUVWXYZ")
---```
---@param length integer
---@param alphabet? string
---@return string
function random.text(length, alphabet) end

---Unpredictable bytes.
---
---```lua
---local salt = random.bytes(16)
---```
---@param length integer
---@return string
function random.bytes(length) end

---A version 4 UUID.
---
---```lua
---peer.session = random.uuid()
---```
---@return string
function random.uuid() end

---Hashes and base64.
---@class crypto
crypto = {}

---SHA-256, 32 bytes.
---
---```lua
---local digest = crypto.sha256("text")
---```
---@param bytes string
---@return string
function crypto.sha256(bytes) end

---HMAC-SHA-256, 32 bytes.
---
---```lua
---local signature = crypto.hmac_sha256("key", "text")
---```
---@param key string
---@param bytes string
---@return string
function crypto.hmac_sha256(key, bytes) end

---HMAC-SHA-1, 20 bytes, as TURN credentials want it.
---
---```lua
---local credential = crypto.base64_encode(crypto.hmac_sha1("secret", "1700003600:ana"))
---```
---@param key string
---@param bytes string
---@return string
function crypto.hmac_sha1(key, bytes) end

---Base64; with `url` in the alphabet for URLs, without padding.
---
---```lua
---local encoded = crypto.base64_encode("\xff\xfe", true)
---```
---@param bytes string
---@param url? boolean
---@return string
function crypto.base64_encode(bytes, url) end

---Either alphabet decoded, nil when it is neither.
---
---```lua
---local bytes = crypto.base64_decode("_w")
---```
---@param text string
---@return string?
function crypto.base64_decode(text) end

---Whether two texts are the same, in a time that does not tell where they differ.
---
---```lua
---if not crypto.equal(peer.word or "", "sesame") then return peer:close(4000, "Wrong word") end
---```
---@param one string
---@param other string
---@return boolean
function crypto.equal(one, other) end

---Declares settings and answers them, with what `--set NAME=VALUE` has replaced. While the script loads. Defaults are
---numbers, booleans, strings or lists of strings; a whole number is replaced by a whole number. An error for a value of
---another type, and for a name that no script declares.
---
---```lua
---local settings = relay.settings { join_timeout = 1.0, motto = "hello", guests = {} }
---```
---@generic T: table
---@param defaults T
---@return T
function relay.settings(defaults) end

---JSON. Objects are tables, arrays are marked by `json.array`; nesting is bounded at 64 levels.
---@class json
json = {}

---A value that stands for itself.
---@class json.mark: userdata

---JSON's null; true in a condition.
---@type json.mark
json.null = nil

---In `message:forward`: takes the field out.
---@type json.mark
json.absent = nil

---In `message:forward`: leaves a field that is a string, makes anything else `""`.
---@type json.mark
json.text = nil

---The value; or nil and a message with line and column.
---
---```lua
---local value, problem = json.decode('{"type":1}')
---```
---@param text string
---@return any
---@return string? problem
function json.decode(text) end

---JSON text, keys sorted; with `indent`, 0 to 8 spaces, in lines. An error for a value without a JSON form.
---
---```lua
---peer:send(json.encode { type = 1, members = json.array() })
---```
---@param value any
---@param options? { indent: integer }
---@return string
function json.encode(value, options) end

---Marks a table as an array, so that it stays one when empty; without one, a new table. An error for a table that has a
---metatable.
---
---```lua
---local members = json.array { 1, 2 }
---```
---@generic T: table
---@param list? T
---@return T
function json.array(list) end

---A table whose keys are written in this order; those with nil are left out.
---
---```lua
---peer:send(json.encode(json.object("type", 1, "id", 7)))
---```
---@param ... any names and values in turn
---@return table
function json.object(...) end

---Loads `name.lua` from the script's own folder, else from the relay's `plugins/` or `scripts/`; a dot in the name is a
---folder. A policy and its plugins share what they require. An error where there is none.
---
---```lua
---local godot = require "godot"
---```
---@param name string
---@return any
function require(name) end

---A policy, which `lobbyist serve --script FILE` serves. Each hook may be left out. What a hook does takes effect when
---it returns; nothing of it when it fails.
---
---```lua
------@type policy
---local policy = { timers = {} }
---```
---@class policy
local policy = {}

---What `after` has started runs here, by name: the subject is the peer, the lobby or the mount.
---
---```lua
---function policy.timers.not_joined(peer) peer:close(4000, "Join a lobby first") end
---```
---@type table<string, fun(subject: any, ...: any)>
policy.timers = {}

---A WebSocket handshake has come. Without this hook it is accepted. When it fails the client gets HTTP 500.
---
---```lua
---if request:query("token") ~= "sesame" then return request:refuse(403, "No entry") end
---```
---@param request request
---@return any
function policy.on_upgrade(request) end

---The connection is open. When the hook fails the peer is closed, 1011.
---
---```lua
---peer:after(10, "not_joined")
---```
---@param peer peer
---@return any
function policy.on_connect(peer) end

---A whole message has come. When the hook fails the message is lost and the peer stays.
---
---```lua
---message:forward(peer)
---```
---@param peer peer
---@param message message
---@return any
function policy.on_message(peer, message) end

---Once, however the connection ended; the peer is still in its lobbies. When the hook fails it leaves them all the
---same.
---
---```lua
---local lobby, id = peer:lobby()
---```
---@param peer peer
---@param code integer
---@param reason string
---@return any
function policy.on_disconnect(peer, code, reason) end

---The relay drains: nobody new comes any longer, lobbies may finish, and after `seconds` at the latest everybody who is
---left is closed, 1001.
---
---```lua
---for _, lobby in ipairs(mount:lobbies()) do lobby:broadcast("closing in " .. seconds .. " s") end
---```
---@param seconds integer
---@return any
function policy.on_drain(seconds) end

---Plain HTTP has come. Without this hook there is a welcome page at `/`. When it fails the client gets HTTP 500.
---
---```lua
---if request:path() == "/status" then return request:answer(200, "up\n") end
---```
---@param request request
---@return any
function policy.on_request(request) end

---A plugin, which `lobbyist serve --plugin FILE` puts in front of a policy. It has a policy's hooks; one that returns
---true has dealt with the event, and nobody behind it sees it.
---
---```lua
------@type plugin
---local plugin = { timers = {} }
---```
---@class plugin: policy
local plugin = {}

---Before a peer becomes a member, and when a policy asks `lobby:admits`: it may be asked more than once about a join.
---The first member of an empty lobby is its creator. A text that is returned refuses with that reason.
---
---```lua
---if lobby:count() >= 4 then return "Lobby is full" end
---```
---@param peer peer
---@param lobby lobby
---@return string? reason
function plugin.on_join(peer, lobby) end

---Before a lobby is created. A text that is returned is its name instead; the hook is asked again while that is taken.
---
---```lua
---return random.text(4, "ABCDEFGHJKLMNPQRSTUVWXYZ")
---```
---@param name string
---@param peer? peer whose event runs
---@return string? name
function plugin.on_create(name, peer) end

---Before a lobby is looked up by a name. A text that is returned is looked up instead.
---
---```lua
---return name:upper()
---```
---@param name string
---@param peer? peer whose event runs
---@return string? name
function plugin.on_find(name, peer) end
