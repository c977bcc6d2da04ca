/// What every test is handed: comparing values, and servers whose peers are played by the test.
enum TestHelper {
  /// Called with `ask`, which goes to Swift with plain values. Messages are raised without a place: the line of the
  /// test is put before them.
  static let source = #"""
    local ask = ...
    local t = {}

    local DEPTH_MAX <const>, SHOWN_BYTES <const> = 20, 400

    local function sorted_keys(value)
      local keys = {}
      for key in pairs(value) do keys[#keys + 1] = key end
      table.sort(keys, function(a, b)
        if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
        return type(a) < type(b)
      end)
      return keys
    end

    local function is_list(value)
      local count = 0
      for _ in pairs(value) do count = count + 1 end
      return count == #value
    end

    local function show_text(text)
      if utf8.len(text) then return json.encode(text) end
      return '"' .. text:gsub("[^ !#-%[%]-~]", function(byte) return ("\\x%02x"):format(byte:byte()) end) .. '"'
    end

    -- As JSON where JSON has words for it.
    local function show(value, depth)
      if value == json.null then return "null" end
      if type(value) == "string" then return show_text(value) end
      if type(value) ~= "table" then return tostring(value) end
      if depth > DEPTH_MAX then return "…" end
      local parts = {}
      if is_list(value) then
        for place, item in ipairs(value) do parts[place] = show(item, depth + 1) end
        return "[" .. table.concat(parts, ", ") .. "]"
      end
      for place, key in ipairs(sorted_keys(value)) do
        local name = type(key) == "string" and show_text(key) or "[" .. show(key, depth + 1) .. "]"
        parts[place] = name .. ": " .. show(value[key], depth + 1)
      end
      return "{" .. table.concat(parts, ", ") .. "}"
    end

    local function shown(value)
      local text = show(value, 1)
      if #text <= SHOWN_BYTES then return text end
      local cut = SHOWN_BYTES
      while text:byte(cut + 1) & 0xC0 == 0x80 do cut = cut - 1 end
      return ("%s… (%d bytes)"):format(text:sub(1, cut), #text)
    end

    -- The part of a long text around the byte where it begins to differ from another.
    local function excerpt(text, place)
      local first, last = math.max(1, place - 20), math.min(#text, place + 40)
      while first > 1 and text:byte(first) & 0xC0 == 0x80 do first = first - 1 end
      while last < #text and text:byte(last + 1) & 0xC0 == 0x80 do last = last + 1 end
      return (first > 1 and "…" or "") .. show_text(text:sub(first, last)) .. (last < #text and "…" or "")
    end

    -- What differs within two long texts, as the end of a message; empty for others.
    local function difference_of_texts(actual, expected)
      if type(actual) ~= "string" or type(expected) ~= "string" or math.max(#actual, #expected) <= 60 then return "" end
      local place = 1
      while place <= #actual and actual:byte(place) == expected:byte(place) do place = place + 1 end
      return ("; from byte %d on expected %s, got %s"):format(place, excerpt(expected, place), excerpt(actual, place))
    end

    -- The first place where the two differ, with what stands there; nil when they are equal.
    local function difference(actual, expected, path, depth)
      if actual == expected then return nil end
      if type(actual) ~= "table" or type(expected) ~= "table" then return path, actual, expected end
      if depth > 100 then error("these tables are nested too deep to compare", 0) end
      local keys = sorted_keys(expected)
      for _, key in ipairs(sorted_keys(actual)) do
        if expected[key] == nil then keys[#keys + 1] = key end
      end
      for _, key in ipairs(keys) do
        local step = type(key) == "string" and key:find("^[%a_][%w_]*$") and "." .. key or "[" .. show(key, 1) .. "]"
        local place, one, other = difference(actual[key], expected[key], path .. step, depth + 1)
        if place then return place, one, other end
      end
      return nil
    end

    function t.equal(actual, expected)
      local place, one, other = difference(actual, expected, "", 1)
      if not place then return end
      local message = ("expected %s, got %s"):format(shown(expected), shown(actual))
      if place ~= "" then
        message = ("%s; at %s expected %s, got %s"):format(message, place, shown(other), shown(one))
      end
      error(message .. difference_of_texts(one, other), 0)
    end

    function t.fails(action, text)
      local done, problem = pcall(action)
      local wanted = text and "an error with " .. shown(text) or "an error"
      if done then error(("expected %s, got none"):format(wanted), 0) end
      problem = tostring(problem)
      if text and not problem:find(text, 1, true) then
        error(("expected %s, got %s"):format(wanted, shown(problem)), 0)
      end
    end

    function t.after(seconds) ask("clock", seconds) end

    local peer_methods = {}
    peer_methods.__index = peer_methods

    function peer_methods:send(text) ask("send", self.server, self.name, text) end

    function peer_methods:send_binary(bytes) ask("send_binary", self.server, self.name, bytes) end

    function peer_methods:close(code, reason) ask("close", self.server, self.name, code, reason) end

    function peer_methods:drop() ask("drop", self.server, self.name) end

    local function next_heard(peer)
      local kind, what, more = ask("hear", peer.server, peer.name)
      if kind == "text" then return what end
      if kind == "binary" then return { binary = what } end
      if kind == "closed" then return { closed = what or "without code", reason = more } end
      if kind == "refused" then return { refused = what, body = more } end
      return nil
    end

    function peer_methods:hears()
      local heard = {}
      repeat
        heard[#heard + 1] = next_heard(self)
        local is_more = ask("has_heard", self.server, self.name)
      until not is_more
      return heard
    end

    local server_methods = {}
    server_methods.__index = server_methods

    function server_methods:connect(path, options)
      options = options or {}
      for name, value in pairs(options.headers or {}) do ask("header", self.number, name, value) end
      for _, name in ipairs(options.subprotocols or {}) do ask("offer", self.number, name) end
      local name, subprotocol = ask("connect", self.number, path or "/", options.from)
      return setmetatable({ server = self.number, name = name, subprotocol = subprotocol }, peer_methods)
    end

    function server_methods:request(method, path, body, options)
      options = options or {}
      for name, value in pairs(options.headers or {}) do ask("header", self.number, name, value) end
      return ask("request", self.number, method, path, body, options.from)
    end

    function server_methods:after(seconds) ask("after", self.number, seconds) end

    function server_methods:drain(seconds) ask("drain", self.number, seconds) end

    function t.serve(policy, settings, options)
      options = options or {}
      local number = ask("server")
      for _, path in ipairs(options.plugins or {}) do ask("plugin", number, path) end
      for name, value in pairs(settings or {}) do ask("set", number, name, json.encode(value)) end
      for name, value in pairs(options.limits or {}) do ask("limit", number, name, value) end
      ask("serve", number, policy)
      return setmetatable({ number = number }, server_methods)
    end

    return t
    """#
}
