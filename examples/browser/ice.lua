-- GET /ice for pages where there is no TURN server: the STUN servers, which take no credentials, or none at all.

local settings = relay.settings {
  stun = {}, -- stun:HOST:PORT; without any, peers of one network find each other, and those with public addresses
  path = "/ice",
}

local servers = #settings.stun > 0 and { json.object("urls", json.array(settings.stun)) } or {}
local body = json.encode(json.object("iceServers", json.array(servers)))

local plugin = {}

function plugin.on_request(request)
  if request:path() ~= settings.path then return end
  return request:answer(200, body, {
    ["Content-Type"] = "application/json",
    ["Access-Control-Allow-Origin"] = "*",
  })
end

return plugin
