return require("rooms")("one")
