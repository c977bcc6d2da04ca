--- A list of public lobbies over HTTP. A lobby is public when its creator connected with `?public=1`, and has metadata
--- when also with such as `meta.name=Ana%27s+game&meta.map=desert`. GET filters, sorts and pages.
---
--- Kept in attributes, so that a policy may set them as well: lobby_list_public (true), lobby_list_meta (JSON) and
--- lobby_list_created (Unix time) of a lobby. A peer whose lobbies are to be public has lobby_list_meta.

local browsers = require "shared.browsers"
local catalogue = require "lobby_list.catalogue"
local query = require "lobby_list.query"

local settings = relay.settings {
  path = "/lobbies",
  meta = { "name", "map", "mode" }, -- names of metadata that creators may give
  value_bytes = 64,     -- of one value
  limit = 50,           -- lobbies of a page where the query does not say
  max_limit = 200,      -- and at most
  max_lobbies = 1000,   -- public lobbies that are listed
  cache_seconds = 1.0,  -- that a list serves before it is made anew
  origins = { "*" },    -- of pages that may read it
}

-- Of all values together: a quarter of what a peer's attributes may be by default (limit attribute_bytes).
local META_BYTES_MAX <const> = 1024

assert(settings.path:sub(1, 1) == "/", "lobby_list.path begins with a /")
assert(settings.limit >= 1 and settings.limit <= settings.max_limit, "lobby_list.limit is 1 to lobby_list.max_limit")
assert(settings.max_lobbies >= 1, "lobby_list.max_lobbies is 1 or more")
assert(settings.cache_seconds >= 0, "lobby_list.cache_seconds is 0 or more")
assert(settings.value_bytes >= 1 and #settings.meta * settings.value_bytes <= META_BYTES_MAX,
  ("lobby_list: all metadata together, names times value_bytes, is at most %d bytes"):format(META_BYTES_MAX))

local gate = browsers.gate(settings.origins, "Authorization, If-None-Match")
local read_meta, read_query = query.readers(settings)
local page = catalogue.open(settings.max_lobbies, settings.cache_seconds)

local plugin = {}

-- Becoming public ------------------------------------------------------------------------------------

function plugin.on_upgrade(request)
  local public = request:query("public")
  if not public or public == "0" then return end
  if public ~= "1" then return request:refuse(400, "public: 0 or 1\n") end
  local meta, mistake = read_meta(request)
  if not meta then return request:refuse(400, mistake .. "\n") end
  request:attach("lobby_list_meta", meta)
end

-- Whoever joins an empty lobby decides for it, also when somebody was asked before who did not come in.
function plugin.on_join(peer, lobby)
  if lobby:count() > 0 then return end
  lobby.lobby_list_public = peer.lobby_list_meta and true
  lobby.lobby_list_meta = peer.lobby_list_meta
  lobby.lobby_list_created = lobby.lobby_list_created or math.floor(relay.now())
end

-- The list -------------------------------------------------------------------------------------------

function plugin.on_request(request)
  if request:path() ~= settings.path then return end
  local headers = gate(request)
  if not headers then return true end
  headers["Content-Type"] = "application/json"
  headers["Cache-Control"] = "no-cache"
  headers["Access-Control-Expose-Headers"] = "ETag"

  local wanted, mistake = read_query(request)
  if not wanted then return request:answer(400, json.encode { error = mistake }, headers) end
  local body = page(wanted)
  local tag = ('"%s"'):format(crypto.base64_encode(crypto.sha256(body), true))
  headers["ETag"] = tag
  local known = request:header("If-None-Match")
  -- A tag has quotes around it and none within, so it is in the list of tags when it is found there.
  if known and (known == "*" or known:find(tag, 1, true)) then return request:answer(304, "", headers) end
  return request:answer(200, body, headers)
end

return plugin
