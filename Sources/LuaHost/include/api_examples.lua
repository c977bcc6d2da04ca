-- One example for each row of api.def, in its order. Editors show them: Tests/Documentation/luals.py; the tests run
-- them, with `peer` and `other` in `lobby` under the ids 1 and 2, and a `message` {"to":2,"data":{"x":1.5,"ok":true}}.
peer:send("welcome")
peer:send_binary("\x01\x02")
return peer:close(4000, "Lobby is full")
local joined, own_id = peer:lobby()
for _, joined in ipairs(peer:lobbies()) do joined:broadcast("hello") end
relay.log("info", "hello from " .. peer:address())
if peer:is_open() then peer:send("still here?") end
if peer:keep(30) then return true end
if peer:is_kept() then return peer:lobby() end
peer:take_over(other)
peer:after(10, "not_joined", "join a lobby first")
peer:cancel("not_joined")
peer:send(json.encode { lobby = lobby:name() })
lobby:add(newcomer, 3)
local admitted, reason = lobby:admits(newcomer)
lobby:remove(other)
lobby:replace(other, newcomer)
local destination = lobby:member(2)
if lobby:id_of(peer) == lobby.host then lobby:seal() end
for _, member in ipairs(lobby:members()) do member:send("start") end
if lobby:count() >= 4 then return peer:close(4000, "Lobby is full") end
for _, member in ipairs(lobby:random_members(2, peer)) do member:send("you are it") end
lobby:broadcast('{"arrived":2}', peer)
lobby:broadcast_binary("\x01\x02", { peer, other })
lobby:seal()
lobby:unseal()
if lobby:is_sealed() then return peer:close(4000, "Lobby is sealed") end
if lobby:is_open() then lobby:broadcast("once more") end
lobby:delete()
lobby:keep(60)
lobby:after(10, "sealed")
if not lobby:hold("ana", "you were called", 30) then peer:send("no room") end
local count = lobby:deliver("ana", peer)
lobby:discard("ana")
lobby:cancel("sealed")
local created, reason = mount:create_lobby(random.text(16))
local found = mount:find_lobby("den")
relay.log("debug", mount:lobby_count() .. " lobbies")
for _, public in ipairs(mount:lobbies("is_public", true)) do peer:send(public:name()) end
for _, same in ipairs(mount:peers("nickname", "Ana")) do same:close(4000, "You have come again") end
if mount:peer_count() > 1000 then return peer:close(4000, "Too many peers") end
mount:after(60, "every_minute")
mount:hold("ana", "you were called", 30)
local count = mount:deliver("ana", peer)
mount:discard("ana")
mount:cancel("every_minute")
peer:send(message:text())
if message:is_binary() then return peer:close(1003, "Text, please") end
if not message:as_text() then return peer:close(1007, "Not UTF-8") end
if message:size() > 4000 then return peer:close(1009, "Shorter, please") end
local first_letters = message:sub(1, 3)
local line_end = message:find("\n")
if message:kind("data") == "object" then message:forward(lobby) end
local to, x = message:integer("to", "data.x")
local x = message:number("data.x")
local name = message:string("data.name")
local ok = message:boolean("data.ok")
peer:send(message:raw("data"))
message:forward(other, "from", 1, "to", json.absent)
message:hold(lobby, "ana", 30, "from", 1)
message:forward_rest(other, "O: 1\n", 7)
if request:method() ~= "GET" then return request:answer(405) end
if request:path() == "/status" then return request:answer(200, "up\n") end
local room = request:target():match("[?&]room=([^&]*)")
if request:query("token") ~= "sesame" then return request:refuse(403, "No entry") end
local origin = request:header("Origin")
relay.log("debug", "a handshake from " .. request:address())
if request:offers("room.v1") then request:choose("room.v1") end
request:choose("room.v1")
request:attach("nickname", request:query("nickname"))
return request:refuse(401, "Unauthorized", "WWW-Authenticate", "Bearer")
return request:answer(200, json.encode { peers = mount:peer_count() }, "Content-Type", "application/json")
lobby.created_at = relay.now()
relay.log("warning", "a peer from " .. peer:address() .. " is too fast")
relay.count("offers")
local id = random.integer(2, 2147483647)
local code = random.text(4, "ABCDEFGHJKLMNPQRSTUVWXYZ")
local salt = random.bytes(16)
peer.session = random.uuid()
local digest = crypto.sha256("text")
local signature = crypto.hmac_sha256("key", "text")
local credential = crypto.base64_encode(crypto.hmac_sha1("secret", "1700003600:ana"))
local encoded = crypto.base64_encode("\xff\xfe", true)
local bytes = crypto.base64_decode("_w")
if not crypto.equal(peer.word or "", "sesame") then return peer:close(4000, "Wrong word") end
