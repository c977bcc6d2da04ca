-- Godot 3's text form of the demo's messages: one letter, a colon, a space, an argument, a line feed, and
-- what is left is the payload. Candidates have a line feed of their own before their payload.
local text = {}

local LETTERS = { [0] = "J", [1] = "I", [2] = "N", [3] = "D", [7] = "S" }
local RELAYED = { O = true, A = true, C = true }

-- A peer's first message tells which form it speaks: JSON begins with a brace or another JSON value.
function text.begins(message)
  local start = message:sub(1, 3)
  return start:find("^%u: ") ~= nil
end

-- The letter, the argument, and where the payload begins; nothing when the message is malformed.
function text.parse(message)
  local line_end = message:find("\n")
  if not line_end then return nil end
  local head = message:sub(1, line_end - 1)
  if #head < 3 then return nil end
  return head:sub(1, 1), head:sub(4), line_end + 1
end

function text.is_relayed(letter)
  return RELAYED[letter] == true
end

-- What the server says: lobby names for J, ids for I, N and D, nothing for S.
function text.line(kind, id, data)
  local argument = data
  if kind >= 1 and kind <= 3 then argument = ("%d"):format(id) end
  return ("%s: %s\n"):format(LETTERS[kind], argument)
end

return text
