--- The public lobbies: looked up at most so often, sorted once for each order, and told in pages.

local catalogue = {}

-- What is told of a lobby, and what it is found by. Nothing else of it is ever shown.
local function entry_of(lobby)
  local text = lobby.lobby_list_meta or "{}"
  local meta = json.decode(text)
  if type(meta) ~= "table" then text, meta = "{}", {} end
  local id, members, sealed = lobby:name(), lobby:count(), lobby:is_sealed()
  local created, capacity = math.tointeger(lobby.lobby_list_created) or 0, math.tointeger(lobby.capacity)
  return {
    id = id, members = members, created = created, meta = meta,
    sealed = sealed, full = capacity ~= nil and members >= capacity,
    text = ('{"id":%s,"members":%d,%s"sealed":%s,"created":%d,"meta":%s}'):format(
      json.encode(id), members, capacity and ('"capacity":%d,'):format(capacity) or "", sealed, created, text),
  }
end

local function read_entries(max_lobbies)
  local lobbies, entries = mount:lobbies("lobby_list_public", true), {}
  for index = 1, math.min(#lobbies, max_lobbies) do
    if lobbies[index]:count() > 0 then entries[#entries + 1] = entry_of(lobbies[index]) end
  end
  return entries
end

-- `members`, `created` or the name of metadata, whose capitals do not count; `-` in front reverses. Ties go by id.
local function sort(entries, order)
  local sign, name = order:match("^(-?)(.*)$")
  local keys, sorted = {}, table.move(entries, 1, #entries, 1, {})
  for _, entry in ipairs(entries) do
    local is_number = name == "members" or name == "created"
    keys[entry] = is_number and entry[name] or tostring(entry.meta[name] or ""):lower()
  end
  table.sort(sorted, function(one, other)
    local first, second = keys[one], keys[other]
    if first == second then return one.id < other.id end
    if sign == "-" then return second < first end
    return first < second
  end)
  return sorted
end

local function is_wanted(entry, wanted)
  if entry.sealed and not wanted.sealed or entry.full and not wanted.full then return false end
  for name, value in pairs(wanted.meta) do
    if tostring(entry.meta[name]) ~= value then return false end
  end
  return true
end

--- A function that tells the part of the list that is wanted, as JSON.
---@param max_lobbies integer
---@param cache_seconds number that what has been looked up serves
---@return fun(wanted: table): string
function catalogue.open(max_lobbies, cache_seconds)
  local read_at, entries, sorted = -math.huge, {}, {}

  local function list(order)
    local now = relay.now()
    if math.abs(now - read_at) >= cache_seconds then
      -- First, so that lobbies too many to be read within the budget are not tried again with every request.
      read_at = now
      entries, sorted = read_entries(max_lobbies), {}
    end
    sorted[order] = sorted[order] or sort(entries, order)
    return sorted[order]
  end

  return function(wanted)
    local texts, total = {}, 0
    for _, entry in ipairs(list(wanted.sort)) do
      if is_wanted(entry, wanted) then
        total = total + 1
        if total > wanted.offset and #texts < wanted.limit then texts[#texts + 1] = entry.text end
      end
    end
    local reached = wanted.offset + #texts
    local next_offset = #texts > 0 and reached < total and reached or "null"
    return ('{"lobbies":[%s],"total":%d,"next":%s}'):format(table.concat(texts, ","), total, next_offset)
  end
end

return catalogue
