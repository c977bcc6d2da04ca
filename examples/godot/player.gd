class_name Player
extends Node2D
## A player's square, in a colour of its own.

## Hues this far apart, turn after turn, never fall on each other.
const GOLDEN_RATIO := 0.618

## The player's id in the lobby.
var id := 0
## Whether it is the square of who is looking.
var is_own := false


func _ready() -> void:
	$Square.color = colour(id)
	$Name.text = "you" if is_own else str(id)


## The colour of the player with this id.
static func colour(of_id: int) -> Color:
	var hue := fmod(of_id % 1000 * GOLDEN_RATIO, 1.0)
	return Color.from_ok_hsl(hue, 0.9 if of_id % 2 else 0.5, 0.7)
