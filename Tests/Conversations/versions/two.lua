return require("rooms")("two")
