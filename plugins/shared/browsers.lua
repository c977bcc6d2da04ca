--- Which pages in browsers may read what a path answers (CORS: https://fetch.spec.whatwg.org/#http-cors-protocol).

local browsers = {}

local METHODS <const> = "GET, HEAD, OPTIONS"
local PREFLIGHT_SECONDS <const> = "600"

--- A function that begins every answer of a path that is read only. It returns the headers to answer with; or nil,
--- when it has answered itself: a preflight, a page of another origin, a method that changes things.
---@param origins string[] such as `https://play.example`; `*` is every origin
---@param request_headers string names of request headers that pages may set, with commas in between
---@return fun(request): table?
function browsers.gate(origins, request_headers)
  local allowed = {}
  for _, origin in ipairs(origins) do
    assert(origin == "*" or origin:find("^%l[%w+.-]*://[^/%u]+$"),
      ("origins: '%s' is no origin, such as https://play.example, in small letters, without a path"):format(origin))
    allowed[origin] = true
  end

  local function headers_for(origin)
    if allowed["*"] then return { ["Access-Control-Allow-Origin"] = "*" } end
    local headers = { Vary = "Origin" }
    if allowed[origin] then headers["Access-Control-Allow-Origin"] = origin end
    return headers
  end

  return function(request)
    local origin, method = request:header("Origin"), request:method()
    local headers = headers_for(origin)
    if origin and not headers["Access-Control-Allow-Origin"] then
      request:answer(403, "Pages of this origin may not read this.\n", headers)
    elseif method == "OPTIONS" then
      headers["Allow"] = METHODS
      headers["Access-Control-Allow-Methods"] = METHODS
      headers["Access-Control-Allow-Headers"] = request_headers
      headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
      request:answer(204, "", headers)
    elseif method ~= "GET" and method ~= "HEAD" then
      headers["Allow"] = METHODS
      request:answer(405, "Only GET is answered here.\n", headers)
    else
      return headers
    end
  end
end

return browsers
