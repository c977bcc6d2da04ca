local policy = { timers = {} }

local function start(lobby)
  lobby:seal()
  lobby:broadcast(json.encode { starts_in = 3 })
  lobby:after(3, "start")
end

function policy.timers.start(lobby)
  lobby:broadcast(json.encode { started = true })
end

local function refuse(peer, reason)
  peer:send(json.encode { refused = reason })
end

local function enter(peer, lobby)
  lobby.last_id = (lobby.last_id or 0) + 1
  lobby:add(peer, lobby.last_id)
  peer:send(json.encode { lobby = lobby:name(), id = lobby.last_id })
  lobby:broadcast(json.encode { arrived = lobby.last_id }, peer)
end

local function create(peer)
  local code
  repeat code = random.text(4, "ABCDEFGHJKLMNPQRSTUVWXYZ") until not mount:find_lobby(code)
  enter(peer, mount:create_lobby(code))
end

local function join(peer, message)
  local lobby = mount:find_lobby(message:string("join"))
  if not lobby then return refuse(peer, "No such lobby") end
  if lobby:is_sealed() then return refuse(peer, "The game has begun") end
  if lobby.password and lobby.password ~= crypto.sha256(message:string("password") or "") then
    peer.wrong = (peer.wrong or 0) + 1
    if peer.wrong >= 3 then return peer:close(4000, "Too many guesses") end
    return refuse(peer, "Wrong password")
  end
  if lobby:count() >= 2 then return refuse(peer, "The lobby is full") end
  enter(peer, lobby)
end

function policy.on_message(peer, message)
  if message:kind() ~= "object" then return refuse(peer, "JSON, please") end
  local lobby, id = peer:lobby()
  if not lobby and message:boolean("create") then return create(peer) end
  if not lobby and message:string("join") then return join(peer, message) end
  if not lobby then return refuse(peer, "Join a lobby first") end
  if id == 1 and message:boolean("start") then return start(lobby) end
  if id == 1 and message:string("lock") then
    lobby.password = crypto.sha256(message:string("lock"))
    return peer:send(json.encode { locked = true })
  end
  for _, member in ipairs(lobby:members()) do
    if member ~= peer then message:forward(member, "from", id) end
  end
end

function policy.on_disconnect(peer)
  local lobby, id = peer:lobby()
  if lobby then lobby:broadcast(json.encode { left = id }, peer) end
end

return policy
