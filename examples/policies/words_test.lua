local words = require "words"

local tests = {}

function tests.no_word_comes_twice(t)
  local seen = {}
  for _, word in ipairs(words) do
    t.equal(seen[word], nil)
    seen[word] = true
  end
end

function tests.codes_are_four_of_them(t)
  local known = {}
  for _, word in ipairs(words) do known[word] = true end

  local server = t.serve("scripts/godot.lua", {}, { plugins = { "four_words.lua" } })
  local ana = server:connect("/")
  ana:send(json.encode { type = 0, id = 0, data = "" })
  local code = json.decode(ana:hears()[2]).data

  local count = 0
  for word in code:gmatch("%a+") do
    count = count + 1
    t.equal(known[word], true)
  end
  t.equal(count, 4)
end

return tests
