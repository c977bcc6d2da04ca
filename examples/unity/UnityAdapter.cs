#if UNITY_5_3_OR_NEWER
using UnityEngine;

namespace Lobbyist
{
    /// <summary>The client as a component: its events come on Unity's main thread, once a frame.</summary>
    public sealed class UnityAdapter : MonoBehaviour
    {
        [SerializeField] string relay = "ws://localhost:8080";

        /// <summary>From Awake to OnDestroy.</summary>
        public RoomClient Client { get; private set; }

        void Awake()
        {
            Client = new RoomClient(relay);
            Client.Entered += (room, myId) => Debug.Log("in room " + room + " as " + myId);
            Client.Refused += reason => Debug.LogWarning("refused: " + reason);
            Client.Lost += (ending, pause) => Debug.LogWarning(
                "connection lost (" + ending.Code + " " + ending.Reason + "), again in " + pause.TotalSeconds + " s");
            Client.Closed += ending => Debug.Log("closed: " + ending.Code + " " + ending.Reason);
        }

        void Update()
        {
            Client.Pump();
        }

        void OnDestroy()
        {
            Client.Dispose();
        }
    }
}
#endif
