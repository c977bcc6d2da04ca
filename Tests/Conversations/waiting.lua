-- Holds what is for somebody who is not there, and keeps rooms that everybody has left.
local policy = { timers = {} }
local settings = relay.settings { hold_seconds = 10, keep_seconds = 30 }

function policy.timers.closing(lobby) mount:hold("log", lobby:name() .. " closes", 60) end

local commands = {}

function commands.join(peer, message)
  local name = message:string("room")
  local lobby = mount:find_lobby(name)
  if not lobby then
    lobby = mount:create_lobby(name)
    lobby.kind = message:string("kind")
    lobby:keep(settings.keep_seconds)
    lobby:after(settings.keep_seconds - 1, "closing")
  end
  local own = message:string("name")
  lobby:add(peer, own)
  peer:send("welcome " .. lobby:deliver(own, peer))
end

function commands.leave(peer) peer:lobby():remove(peer) end

function commands.to(peer, message)
  local lobby, own = peer:lobby()
  local name = message:string("name")
  local destination = lobby:member(name)
  if destination then return message:forward(destination, "name", json.absent, "from", own) end
  local is_held = message:hold(lobby, name, settings.hold_seconds, "name", json.absent, "from", own)
  peer:send(is_held and "held" or "no room")
end

function commands.log(peer) peer:send(tostring(mount:deliver("log", peer))) end

function commands.rooms(peer, message)
  peer:send(("%d peers, %d rooms, %d of this kind, %d of none"):format(#mount:peers(), #mount:lobbies(),
    #mount:lobbies("kind", message:string("kind")), #mount:lobbies("kind", nil)))
end

function policy.on_message(peer, message) commands[message:string("do")](peer, message) end

return policy
