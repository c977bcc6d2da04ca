-- Bounds how much there may be: peers in a lobby, lobbies that one address has created, peers from one address.
--
-- In IPv6 an address means its /64. A lobby belongs to the address of the first peer that joined it; lists of lobbies
-- read in its attribute `capacity` how many peers fit.

local settings = relay.settings {
  -- 0 = no limit, each
  peers_per_lobby = 16,
  lobbies_per_address = 16,
  peers_per_address = 0,
}

for name, value in pairs(settings) do
  assert(value >= 0, ("capacity.%s is 0 or more"):format(name))
end

local network_of = require("shared.ip_address").network

local plugin = {}

local function reaches(count, limit)
  return limit > 0 and count >= limit
end

-- A peer that waits for its connection to come back takes no place: it may be this very one that comes.
local function connected(network)
  local count = 0
  for _, peer in ipairs(mount:peers("capacity_network", network)) do
    if not peer:is_kept() then count = count + 1 end
  end
  return count
end

function plugin.on_upgrade(request)
  local network = network_of(request:address())
  if settings.peers_per_address > 0 and reaches(connected(network), settings.peers_per_address) then
    return request:refuse(429, "Too many connections from your address")
  end
  request:attach("capacity_network", network)
end

local function publish_capacity(lobby)
  local limit, known = settings.peers_per_lobby, lobby.capacity
  if limit > 0 and not (known and known <= limit) then lobby.capacity = limit end
end

function plugin.on_join(peer, lobby)
  publish_capacity(lobby)
  if reaches(lobby:count(), settings.peers_per_lobby) then return "The lobby is full" end
  if lobby.capacity_creator or lobby:count() > 0 then return end

  local network = network_of(peer:address())
  if reaches(#mount:lobbies("capacity_creator", network), settings.lobbies_per_address) then
    return "Too many lobbies from your address"
  end
  lobby.capacity_creator = network
end

return plugin
