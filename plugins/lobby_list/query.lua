--- What the queries of lobby_list ask for, and what is wrong with them.

local query = {}

local MAX_OFFSET <const> = 1000000
local ORDER_BY_DEFAULT <const> = "-created"

-- Names as they are spelt in the query: those that are known have nothing that would be percent-encoded.
local function names(request)
  local text = request:target():match("%?(.*)") or ""
  return text:gmatch("([^&=]+)[^&]*")
end

local function whole_number(text, low, high)
  local number = #text <= 9 and text:find("^%d+$") and math.tointeger(tonumber(text))
  return number and number >= low and number <= high and number
end

--- Two functions that answer nil and a reason when something is wrong: the metadata that somebody connects with, as
--- JSON; and what is wanted of the list.
---@param settings { meta: string[], value_bytes: integer, limit: integer, max_limit: integer }
function query.readers(settings)
  local parameters = { limit = true, offset = true, sort = true, sealed = true, full = true }
  local orders = { members = true, created = true }
  local is_meta = {}
  for _, name in ipairs(settings.meta) do
    assert(name:find("^%a[%w_]*$") and not parameters[name] and not orders[name],
      ("lobby_list.meta: '%s' cannot be a name, or stands there twice"):format(name))
    parameters[name], orders[name], is_meta[name] = true, true, true
  end
  local all_meta = table.concat(settings.meta, ", ")

  local function read_meta(request)
    for name in names(request) do
      local meta = name:match("^meta%.(.*)$")
      if meta and not is_meta[meta] then return nil, "meta: there is " .. all_meta end
    end
    local fields = {}
    for _, name in ipairs(settings.meta) do
      local value = request:query("meta." .. name)
      if value and #value > settings.value_bytes then
        return nil, ("meta.%s: at most %d bytes"):format(name, settings.value_bytes)
      end
      if value and value:find("%c") then return nil, ("meta.%s: no control characters"):format(name) end
      if value then table.move({ name, value }, 1, 2, #fields + 1, fields) end
    end
    return json.encode(json.object(table.unpack(fields)))
  end

  local function read_query(request)
    local given = {}
    for name in names(request) do
      if not parameters[name] then return nil, ("there is no parameter '%s'"):format(name) end
      if given[name] then return nil, name .. " is given twice" end
      given[name] = request:query(name)
    end
    local limit = whole_number(given.limit or tostring(settings.limit), 1, settings.max_limit)
    if not limit then return nil, ("limit: a whole number from 1 to %d"):format(settings.max_limit) end
    local offset = whole_number(given.offset or "0", 0, MAX_OFFSET)
    if not offset then return nil, ("offset: a whole number from 0 to %d"):format(MAX_OFFSET) end
    local sort = given.sort or ORDER_BY_DEFAULT
    if not orders[sort:match("^-?(.*)$")] then
      return nil, ("sort: members, created, %s, or one with a - in front"):format(all_meta)
    end
    for _, name in ipairs { "sealed", "full" } do
      if given[name] and given[name] ~= "0" and given[name] ~= "1" then return nil, name .. ": 0 or 1" end
    end
    local meta = {}
    for _, name in ipairs(settings.meta) do meta[name] = given[name] end
    return {
      limit = limit, offset = offset, sort = sort, meta = meta,
      sealed = given.sealed == "1", full = given.full == "1",
    }
  end

  return read_meta, read_query
end

return query
