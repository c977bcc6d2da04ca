/// Something that is written beside the relay's work, such as a recording.
public protocol Journal: AnyObject {
  /// When something has to be written at the latest, in monotonic milliseconds; nil when nothing waits.
  var deadline: UInt64? { get }

  /// Scripts have been loaded, between two events.
  func reloaded(_ outcomes: [ReloadOutcome], _ reason: ReloadReason, milliseconds: UInt64, wallSeconds: Double)

  /// A turn of the relay is over.
  func turnEnded(at now: UInt64)

  /// Another relay writes at the same place from now on.
  func handedOver()
}
