-- Only who brings a valid token may connect: a JWT signed with HS256, or the short form (see token/signed_claims.lua).
--
-- The token is looked for in `Authorization: Bearer TOKEN`, then among the subprotocols as `token.TOKEN` (a page's
-- script cannot set headers: `new WebSocket(url, ["godot", "token.…"])`), then in the query as `?token=TOKEN`.
-- Its claims sub, role and lobby become peer.token_subject, peer.token_role and peer.token_lobby.

local signed_claims = require "token.signed_claims"

local settings = relay.settings {
  keys = {},               -- `kid:secret`, or `secret`, of 32 bytes or more; one that is retired stays until its
                           -- last token has expired
  leeway = 5.0,            -- seconds that clocks may differ
  expiry_required = true,  -- whether a token must have an exp
  close_at_expiry = false, -- whether a peer is closed when its token expires
  audience = "",           -- what aud must hold; without one, a token with an aud is refused
  issuer = "",             -- what iss must be; "" for anything
}

assert(settings.leeway >= 0, "leeway is 0 seconds or more")

local keys = signed_claims.keys(settings.keys)

local CLAIMS <const> = { sub = "token_subject", role = "token_role", lobby = "token_lobby" }
local CLAIM_BYTES_MAX <const> = 256 -- as the name of a lobby, by default
local TIMER_SECONDS_MAX <const> = 999999999

local plugin = { timers = {} }

-- Finding the token -----------------------------------------------------------------------------------

local function bearer(request)
  local scheme, token = (request:header("Authorization") or ""):match("^(%a+) +(%S+)$")
  return scheme and scheme:lower() == "bearer" and token or nil
end

-- The token among the subprotocols, and the first subprotocol that is none.
local function offer(request)
  local token, subprotocol
  for offered in (request:header("Sec-WebSocket-Protocol") or ""):gmatch("[^,%s]+") do
    local value = offered:match("^token%.(.*)$")
    if value then token = token or value else subprotocol = subprotocol or offered end
  end
  return token, subprotocol
end

-- Connecting ------------------------------------------------------------------------------------------

local function read(token)
  if not token then return nil, "is lacking" end
  local claims, reason = signed_claims.read(token, keys, settings, relay.now())
  if not claims then return nil, reason end
  for claim in pairs(CLAIMS) do
    local value = claims[claim]
    if value ~= nil and (type(value) ~= "string" or value == "" or #value > CLAIM_BYTES_MAX) then
      return nil, ("has a %s that is no string of 1 to %d bytes"):format(claim, CLAIM_BYTES_MAX)
    end
  end
  return claims
end

function plugin.on_upgrade(request)
  local offered, subprotocol = offer(request)
  local claims, reason = read(bearer(request) or offered or request:query("token"))
  if not claims then
    relay.log("debug", ("%s refused: the token %s"):format(request:address(), reason))
    -- The same for everything that can be wrong, so that nobody learns to forge from it.
    return request:refuse(401, "Unauthorized", "WWW-Authenticate", "Bearer")
  end
  if offered and subprotocol then request:choose(subprotocol) end
  for claim, attribute in pairs(CLAIMS) do request:attach(attribute, claims[claim]) end
  request:attach("token_expiry", claims.exp)
end

function plugin.on_connect(peer)
  if not settings.close_at_expiry or not peer.token_expiry then return end
  local seconds = peer.token_expiry + settings.leeway - relay.now()
  peer:after(math.max(0, math.min(seconds, TIMER_SECONDS_MAX)), "expired")
end

function plugin.timers.expired(peer)
  return peer:close(4000, "Token expired")
end

-- Lobbies ---------------------------------------------------------------------------------------------

-- A policy that chooses the names of lobbies gives this one, while it is free, to who may be in no other.
function plugin.on_create(_, peer)
  local name = peer and peer.token_lobby
  if name and not mount:find_lobby(name) then return name end
end

function plugin.on_join(peer, lobby)
  local name = peer.token_lobby
  if name and name ~= lobby:name() then return "Token is for another lobby" end
end

return plugin
