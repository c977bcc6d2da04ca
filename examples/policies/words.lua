-- 256 short words for lobby codes.
local words = {}

for word in ([[
  acorn amber anvil apple apron arrow atlas attic autumn badge baker bamboo banjo basil basket beach beacon beard
  bench berry birch bison blue boat book boot bottle branch brass bread breeze brick bridge broom brush bucket button
  cabin cactus camel candle canoe canyon carpet carrot castle cedar cellar chalk cherry cider circus citrus cliff
  clock cloud clover coast cobalt comet copper coral corner cotton cradle crater crown daisy dancer dawn delta desert
  donkey door dragon drum eagle early easel echo elbow ember engine falcon farmer fence fern ferry fiddle field finch
  fire flag flame flint flower flute forest forge fossil fox frost garden garlic gate ghost ginger glass globe glove
  gold grape gravel green guitar hammer harbor hazel hedge hero heron hill honey horse house hunter indigo iron island
  ivory jacket jaguar jelly jewel jungle kayak kettle kite kitten koala ladder lagoon lake lamp laurel lemon lily lime
  linen lion lizard llama locket lotus lumber magnet maple marble market meadow melon meteor mill mint mirror monkey
  moon motor museum nectar needle nest night noodle nutmeg oak oasis ocean olive onion orange orbit otter owl oyster
  paddle palace palm panda paper parrot peach peanut pearl pebble pencil pepper piano pigeon pillow pine pirate planet
  plum pocket poet pond pony potato puzzle quartz queen quilt rabbit radio raft rain raven ribbon ridge river robin
  rocket rose ruby saddle sailor salmon sand satin scarf shell silver spoon star storm summer sun swan table tiger
  timber tulip tunnel turtle valley velvet violet walnut water willow window winter wolf yellow zebra
]]):gmatch("%a+") do
  words[#words + 1] = word
end

assert(#words == 256, "the list has 256 words")

return words
