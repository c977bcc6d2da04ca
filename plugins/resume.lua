-- A member that lost its connection comes back to its lobbies, under its id, within some seconds.
--
-- The client thinks up a secret, at least 16 random characters, and brings it each time that it connects:
-- wss://…/?session=SECRET. Nothing else changes in what it speaks, except that it begins by hearing whether it is
-- back. Then it is in its lobbies as if it had never been away, and must not join again.

local settings = relay.settings {
  seconds = 30.0,             -- that the relay waits for a member
  per_address = 16,           -- members of one address (IPv6: of one /64) that it waits for at a time; 0 = any number
  codes = { "1001", "1006" }, -- of closes that count as lost: a page that goes away, a connection that breaks
  greeting = true,            -- whether a client that brings a session hears one of these first
  resumed_greeting = '{"session":"resumed"}',
  new_greeting = '{"session":"new"}',
  -- What the other members hear when one is lost and when it is back, $id being its id; "": nothing.
  lost_notice = "",
  back_notice = "",
}

local SECRET_LENGTH_MIN <const> = 16
local CODES <const> = {}

assert(settings.seconds > 0, "resume.seconds is more than 0")
assert(settings.per_address >= 0, "resume.per_address is 0 or more")
for _, code in ipairs(settings.codes) do
  CODES[assert(math.tointeger(tonumber(code)), "codes holds close codes, which are whole numbers")] = true
end

local network_of = require("shared.ip_address").network

-- Counted anew each time from what the relay keeps: reloads lose what is counted here, and versions of the scripts that
-- run beside each other have a count each.
local function may_wait(network)
  if settings.per_address == 0 then return true end
  local count = 0
  for _, peer in ipairs(mount:peers("resume_network", network)) do
    if peer:is_kept() then count = count + 1 end
  end
  return count < settings.per_address
end

local plugin = {}

local function notify(peer, notice)
  if notice == "" then return end
  for _, lobby in ipairs(peer:lobbies()) do
    lobby:broadcast((notice:gsub("%$id", { ["$id"] = tostring(lobby:id_of(peer)) })), peer)
  end
end

local function greet(peer, greeting)
  if settings.greeting then peer:send(greeting) end
end

-- Only a hash of the secret is kept, so that nobody can read it from the relay and take the place.
function plugin.on_upgrade(request)
  local secret = request:query("session")
  if not secret then return end
  if #secret < SECRET_LENGTH_MIN then
    return request:refuse(400, ("session must be at least %d characters long\n"):format(SECRET_LENGTH_MIN))
  end
  request:attach("resume_session", crypto.base64_encode(crypto.sha256(secret)))
end

local function other_peer(peer, session)
  for _, other in ipairs(mount:peers("resume_session", session)) do
    if other ~= peer and other:is_open() then return other end
  end
end

-- The earlier peer gets the new connection, also when its old one still seems to be alive. One that is in no lobby
-- has nothing to come back to: it makes way.
function plugin.on_connect(peer)
  local session = peer.resume_session
  if not session then return end
  local earlier = other_peer(peer, session)
  if not earlier or not earlier:lobby() then
    if earlier then earlier:close(4000, "Resumed elsewhere") end
    return greet(peer, settings.new_greeting)
  end
  greet(peer, settings.resumed_greeting)
  if earlier:is_kept() then notify(earlier, settings.back_notice) end
  earlier:take_over(peer)
  return true
end

-- Runs once more for a kept peer, when nobody has come in time.
function plugin.on_disconnect(peer, code)
  local session = peer.resume_session
  if peer:is_kept() or not session or not CODES[code] or not peer:lobby() then return end
  local network = network_of(peer:address())
  if not may_wait(network) then return end
  -- The client was back before the relay came to this: it has begun anew.
  if other_peer(peer, session) then return end
  -- False when the relay keeps as many as its limit kept_peers allows.
  if not peer:keep(settings.seconds) then return end
  -- Where its connection was lost: the next may come from elsewhere.
  peer.resume_network = network
  notify(peer, settings.lost_notice)
  return true
end

return plugin
