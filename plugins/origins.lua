-- Lets only pages of these origins connect. A browser names the origin of the page (RFC 6454) in the Origin header of
-- every WebSocket handshake, and the page's scripts cannot change it.

local settings = relay.settings {
  allow = {},          -- "https://game.example", "http://localhost:8060"; "https://*.game.example" for its subdomains
  allow_native = true, -- whether clients without an Origin header, which are no pages, may connect
}

if #settings.allow == 0 then
  error("origins.allow is empty: list the origins of the pages that may connect, "
    .. 'as in --set "origins.allow=https://game.example http://localhost:8060"')
end

-- Browsers leave out the port that a scheme has anyway.
local DEFAULT_PORTS <const> = { http = ":80", https = ":443" }

local function is_host(text)
  return text:find("^[%w.-]+$") or text:find("^%*%.[%w.-]+$") or text:find("^%[[%x:.]+%]$")
end

local function parse(entry)
  local scheme, authority = entry:lower():match("^(%l[%w+.-]*)://(%S+)$")
  if not scheme then return nil end
  local host, port = authority:match("^(.-)(:%d+)$")
  host, port = host or authority, port or ""
  if not is_host(host) then return nil end
  return scheme .. "://", host, port == DEFAULT_PORTS[scheme] and "" or port
end

local exact, subdomains = {}, {}

for _, entry in ipairs(settings.allow) do
  local scheme, host, port = parse(entry)
  if not scheme then
    error(('origins.allow: "%s" is no origin: scheme://host or scheme://host:port, without a path; '
      .. 'scheme://*.host for all subdomains'):format(entry))
  end
  if host:sub(1, 2) == "*." then
    subdomains[#subdomains + 1] = { scheme = scheme, domain = host:sub(2) .. port }
  else
    exact[scheme .. host .. port] = true
  end
end

local function is_below(origin, rule)
  local last = #origin - #rule.domain
  return last > #rule.scheme and origin:sub(1, #rule.scheme) == rule.scheme and origin:sub(last + 1) == rule.domain
    and not origin:sub(#rule.scheme + 1, last):find("[^%w.-]")
end

local function is_allowed(origin)
  if exact[origin] then return true end
  for _, rule in ipairs(subdomains) do
    if is_below(origin, rule) then return true end
  end
  return false
end

local plugin = {}

function plugin.on_upgrade(request)
  local origin = request:header("Origin")
  if not origin then
    return not settings.allow_native and request:refuse(403, "Only pages may connect here")
  end
  if not is_allowed(origin) then return request:refuse(403, "Pages of this origin may not connect here") end
end

return plugin
