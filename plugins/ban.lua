-- Keeps addresses and ranges of addresses out: those of a setting, and those that are banned while the relay runs.
--
-- With a key, the mount answers over HTTP, with `Authorization: Bearer KEY`:
--   POST   <path>/ban?address=203.0.113.0/24&seconds=3600   bans, and closes whoever is connected from there
--   DELETE <path>/ban?address=203.0.113.0/24                lifts a ban
--   GET    <path>/ban                                       lists all bans

local settings = relay.settings {
  addresses = {},         -- banned for good: "203.0.113.7", "203.0.113.0/24", "2001:db8::/32"
  key = "",               -- "" = nothing is answered over HTTP
  default_seconds = 3600, -- how long a ban lasts where POST does not say it
  max_bans = 50,          -- how many POST may make; they share the limit attribute_bytes with all that the mount keeps
}

local SECONDS_MAX <const> = 366 * 24 * 3600

local bans = require "ban.bans"
local ip_address = require "shared.ip_address"

local for_good = {}
for index, address in ipairs(settings.addresses) do
  local range, problem = ip_address.parse_range(address)
  if not range then error(('ban.addresses: "%s": %s'):format(address, problem)) end
  range.address = address
  for_good[index] = range
end

assert(settings.key == "" or #settings.key >= 16, "ban.key is too short: take 16 characters or more")
assert(settings.default_seconds >= 1 and settings.default_seconds <= SECONDS_MAX,
  ("ban.default_seconds is 1 to %d"):format(SECONDS_MAX))

local function is_banned(address)
  local bytes = ip_address.parse(address)
  return bans.cover(for_good, bytes) or bans.cover(bans.all(), bytes)
end

-- Closing --------------------------------------------------------------------------------------------

-- Who is connected is looked at in batches: there may be more than one hook has time for.
local BATCH <const> = 250
local unchecked, checked = {}, 0

local function close_banned()
  local list, last = bans.all(), math.min(checked + BATCH, #unchecked)
  for index = checked + 1, last do
    local peer = unchecked[index]
    if peer:is_open() and bans.cover(list, ip_address.parse(peer:address())) then peer:close(1008, "Banned") end
  end
  checked = last
  if checked < #unchecked then return mount:after(0, "close_banned") end
  unchecked, checked = {}, 0
end

local function close_all_banned()
  unchecked, checked = mount:peers(), 0
  close_banned()
end

-- Over HTTP ------------------------------------------------------------------------------------------

local function answer(request, status, value)
  return request:answer(status, json.encode(value) .. "\n", "Content-Type", "application/json")
end

local function refuse(request, status, what)
  return answer(request, status, { error = what })
end

local function add(request, range)
  local given = request:query("seconds")
  local seconds = given and math.tointeger(tonumber(given)) or not given and settings.default_seconds
  if not seconds or seconds < 1 or seconds > SECONDS_MAX then
    return refuse(request, 400, ("seconds is a whole number from 1 to %d"):format(SECONDS_MAX))
  end
  local list = bans.without(range)
  range.ends_at = math.ceil(relay.now()) + seconds
  list[#list + 1] = range
  if #list > settings.max_bans or not bans.keep(list) then
    return refuse(request, 507, "there is no room for another ban: DELETE one, or ban a range")
  end
  close_all_banned()
  relay.log("info", ("%s is banned for %d s"):format(range.address, seconds))
  answer(request, 200, json.object("address", range.address, "seconds", seconds))
end

local function lift(request, range)
  local others = bans.without(range)
  if #others == #bans.without() then
    return refuse(request, 404, range.address .. " is not among the bans that POST has made")
  end
  bans.keep(others)
  relay.log("info", ("%s is no longer banned"):format(range.address))
  answer(request, 200, json.object("address", range.address, "seconds", 0))
end

local function show(request)
  local rows = json.array {}
  for _, range in ipairs(for_good) do
    rows[#rows + 1] = json.object("address", range.address, "seconds", json.null)
  end
  for _, ban in ipairs(bans.without()) do
    local seconds = math.max(1, math.floor(ban.ends_at - relay.now()))
    rows[#rows + 1] = json.object("address", ban.address, "seconds", seconds)
  end
  answer(request, 200, { bans = rows })
end

local function has_key(request)
  local scheme, key = (request:header("Authorization") or ""):match("^(%a+) +(%S+)$")
  return scheme and scheme:lower() == "bearer" and crypto.equal(key, settings.key)
end

local function administer(request)
  if not has_key(request) then
    return request:answer(401, "The key is missing or wrong\n", "WWW-Authenticate", "Bearer")
  end
  local method = request:method()
  if method == "GET" then return show(request) end
  if method ~= "POST" and method ~= "DELETE" then
    return request:answer(405, "GET, POST or DELETE\n", "Allow", "GET, POST, DELETE")
  end

  local address = request:query("address")
  if not address then return refuse(request, 400, "address is missing, as in ?address=203.0.113.0/24") end
  local range, problem = ip_address.parse_range(address)
  if not range then return refuse(request, 400, ("address=%s: %s"):format(address, problem)) end
  range.address = address:lower()
  if method == "POST" then return add(request, range) end
  lift(request, range)
end

-- Hooks ----------------------------------------------------------------------------------------------

local plugin = { timers = {} }

-- After a reload it begins anew.
function plugin.timers.close_banned()
  if #unchecked == 0 then return close_all_banned() end
  close_banned()
end

function plugin.on_upgrade(request)
  if is_banned(request:address()) then return request:refuse(403, "Banned") end
end

-- The key opens to a banned address, too: operators who have banned themselves can lift it.
function plugin.on_request(request)
  if settings.key ~= "" and request:path():find("/ban$") then
    administer(request)
    return true
  end
  if is_banned(request:address()) then return request:answer(403, "Banned") end
end

return plugin
