local guesses = require "shared.guesses"

local tests = {}

local ANA <const>, BOB <const> = "203.0.113.7", "203.0.113.8"

function tests.guesses_come_back_after_a_minute(t)
  local count = guesses.new(2)
  for _ = 1, 2 do
    t.equal(count:are_spent(ANA), false)
    count:add(ANA)
  end
  t.equal(count:are_spent(ANA), true)
  t.equal(count:are_spent(BOB), false)
  t.after(59)
  t.equal(count:are_spent(ANA), true)
  t.after(1)
  t.equal(count:are_spent(ANA), false)
end

function tests.neighbours_in_ipv6_count_together(t)
  local count = guesses.new(1)
  count:add("2001:db8:1:2::1")
  t.equal(count:are_spent("2001:db8:1:2::ffff"), true)
  t.equal(count:are_spent("2001:db8:1:3::1"), false)
end

function tests.what_was_no_guess_is_taken_back(t)
  local count = guesses.new(1)
  count:add(ANA)
  count:take_back(ANA, 5)
  t.equal(count:are_spent(ANA), false)
end

return tests
