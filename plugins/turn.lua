--- ICE servers with time-limited credentials for a TURN server that shares a secret with the relay, as coturn does with
--- `use-auth-secret` (draft-uberti-behave-turn-rest-00): the username is the Unix time at which it expires, a colon and
--- a name; the password is base64(HMAC-SHA1(secret, username)). Given over HTTP, and to scripts as `peer.ice_servers`.

local browsers = require "shared.browsers"

local settings = relay.settings {
  secret = "",        -- coturn's static-auth-secret
  urls = {},          -- of the TURN server: turn:HOST:PORT?transport=udp, turns:…
  stun = {},          -- of STUN servers, which take no credentials: stun:HOST:PORT
  seconds = 3600,     -- that credentials are valid
  path = "/ice",      -- where HTTP GET answers; empty: nowhere
  origins = { "*" },  -- of pages that may read it
  attribute = false,  -- whether each peer has ice_servers, for scripts to send
}

-- Half of what a peer's attributes may be by default (limit attribute_bytes).
local ATTRIBUTE_BYTES_MAX <const> = 2048

if settings.secret == "" or #settings.urls == 0 then
  error("turn: give it the TURN server's secret and addresses: --set turn.secret=SECRET (coturn's static-auth-secret) "
    .. "--set turn.urls=turn:turn.example.org:3478")
end
assert(settings.seconds >= 1, "turn.seconds is 1 or more")
assert(settings.path == "" or settings.path:sub(1, 1) == "/", "turn.path begins with a /")
for _, url in ipairs(settings.urls) do
  assert(url:find("^turns?:[^/]"), ("turn.urls: '%s' is not like turn:turn.example.org:3478"):format(url))
end
for _, url in ipairs(settings.stun) do
  assert(url:find("^stuns?:[^/]"), ("turn.stun: '%s' is not like stun:stun.example.org:3478"):format(url))
end

local gate = browsers.gate(settings.origins, "Authorization")
local stun_server = { urls = json.array(settings.stun) }

local plugin = { timers = {} }

-- A list as RTCPeerConnection takes it.
local function ice_servers()
  local username = ("%d:%s"):format(math.floor(relay.now()) + settings.seconds, random.text(12))
  local password = crypto.base64_encode(crypto.hmac_sha1(settings.secret, username))
  local servers = #settings.stun > 0 and { stun_server } or {}
  servers[#servers + 1] = json.object(
    "urls", json.array(settings.urls), "username", username, "credential", password)
  return json.encode(json.array(servers))
end

assert(not settings.attribute or #ice_servers() <= ATTRIBUTE_BYTES_MAX,
  ("turn.urls and turn.stun are too long for an attribute of %d bytes: fewer, or turn.attribute=false")
  :format(ATTRIBUTE_BYTES_MAX))

-- Over HTTP ------------------------------------------------------------------------------------------

function plugin.on_request(request)
  if request:path() ~= settings.path then return end
  local headers = gate(request)
  if not headers then return true end
  headers["Content-Type"] = "application/json"
  headers["Cache-Control"] = "no-store"
  return request:answer(200, ('{"iceServers":%s}'):format(ice_servers()), headers)
end

-- For scripts ----------------------------------------------------------------------------------------

-- What a script sends is valid for half of the time at least.
local function renew(peer)
  peer.ice_servers = ice_servers()
  peer:after(settings.seconds / 2, "renew")
end

plugin.timers.renew = renew

function plugin.on_connect(peer)
  if settings.attribute then renew(peer) end
end

return plugin
