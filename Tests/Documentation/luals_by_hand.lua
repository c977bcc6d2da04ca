---What identifies a member within its lobby.
---@alias id integer|string

---What can be kept on a peer, a lobby or the mount, and given to a timer.
---@alias attribute nil|boolean|number|string

---A name or a value of a field: plain, `json.null`, `json.absent`, `json.text`, or a table, which is sent as JSON.
---@alias field nil|boolean|number|string|table|json.mark

-- Behind what api.def defines:

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
