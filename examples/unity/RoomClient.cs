using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Lobbyist
{
    /// <summary>
    /// A client for rooms of four digits. It connects when it is asked for a room; when the connection is lost it
    /// connects again and joins its room again.
    /// Events are raised by <see cref="Pump"/>, on the thread that calls it; everything else happens on others.
    /// </summary>
    public sealed class RoomClient : IDisposable
    {
        /// <summary>In a room: its id and one's own id. Again, with another id, after a lost connection.</summary>
        public event Action<string, string> Entered;
        /// <summary>What was asked for is not to be had: "Room not found". The connection stays.</summary>
        public event Action<string> Refused;
        /// <summary>A member's id and what it signals: a string as it means, anything else as JSON.</summary>
        public event Action<string, string> Signalled;
        /// <summary>A newcomer's id. Relays tell of newcomers when the URL ends in `?initiate_call=1`.</summary>
        public event Action<string> NewcomerCame;
        /// <summary>The connection is lost or did not come about: why, and how long until the next try.</summary>
        public event Action<Ending, TimeSpan> Lost;
        /// <summary>The end. Create and Join begin anew.</summary>
        public event Action<Ending> Closed;

        /// <summary>How often in a row it tries again without success before it ends.</summary>
        public int Retries = 10;
        public TimeSpan RetryFirst = TimeSpan.FromSeconds(0.5);
        public TimeSpan RetryMax = TimeSpan.FromSeconds(15);
        public TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
        public TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

        /// <summary>The room's id, null outside of one; as of the last Pump.</summary>
        public string Room { get; private set; }
        /// <summary>One's own id, null outside of a room; as of the last Pump.</summary>
        public string MyId { get; private set; }

        readonly Uri relay;
        readonly ConcurrentQueue<Action> events = new ConcurrentQueue<Action>();
        readonly Random random = new Random();

        readonly object gate = new object();
        // Under the gate. `asked`: for a room, not answered yet. `room`: to be joined again. `socket`: null while there
        // is no connection. `leaving`: not null from the first request to the end, cancelled by Close.
        string asked;
        string room;
        bool isInside;
        TextSocket socket;
        CancellationTokenSource leaving;

        public RoomClient(string url)
        {
            relay = new Uri(url);
            if (relay.Scheme != "ws" && relay.Scheme != "wss")
            {
                throw new ArgumentException("begins with ws:// or wss://", "url");
            }
        }

        public void Create()
        {
            Ask("{\"type\":\"create\"}");
        }

        public void Join(string roomId)
        {
            Ask(JoinRequest(roomId));
        }

        /// <summary>Says something to all others in the room; to one, where the relay has `targets`.</summary>
        /// <returns>False when it was not sent: outside of a room, and while the connection is lost.</returns>
        public bool Send(string payload, string to = null)
        {
            string target = to == null ? "" : "\"targetId\":" + Json.Quote(to) + ",";
            string text = "{\"type\":\"signal\"," + target + "\"payload\":" + Json.Quote(payload) + "}";
            lock (gate)
            {
                return isInside && socket.Send(text);
            }
        }

        public bool Send(Signal signal, string to = null)
        {
            return Send(signal.ToString(), to);
        }

        /// <summary>Leaves. <see cref="Closed"/> follows when the relay has answered, or after CloseTimeout.</summary>
        public void Close()
        {
            lock (gate)
            {
                if (leaving == null) return;
                isInside = false;
                leaving.Cancel();
            }
        }

        /// <summary>Leaves; no event follows.</summary>
        public void Dispose()
        {
            Entered = null;
            Refused = null;
            Signalled = null;
            NewcomerCame = null;
            Lost = null;
            Closed = null;
            Close();
        }

        /// <summary>Raises the events that have come meanwhile. To be called often: in Unity, by Update.</summary>
        public void Pump()
        {
            Action next;
            while (events.TryDequeue(out next)) next();
        }

        void Ask(string request)
        {
            lock (gate)
            {
                if (leaving != null && leaving.IsCancellationRequested)
                {
                    throw new InvalidOperationException("still leaving: wait for Closed");
                }
                asked = request;
                if (leaving == null)
                {
                    leaving = new CancellationTokenSource();
                    CancellationToken token = leaving.Token;
                    Task.Run(() => Stay(token));
                }
                else if (socket != null)
                {
                    socket.Send(request);
                }
            }
        }

        static string JoinRequest(string roomId)
        {
            return "{\"type\":\"join\",\"roomId\":" + Json.Quote(roomId) + "}";
        }

        // Connections, one after the other ---------------------------------------------------------------------------

        async Task Stay(CancellationToken left)
        {
            int failures = 0;
            while (true)
            {
                bool wasHeard = false;
                var connection = new TextSocket(CloseTimeout);
                if (left.IsCancellationRequested) connection.Close();
                using (left.Register(connection.Close))
                {
                    Ending ending = await connection.Run(relay, ConnectTimeout, () => Open(connection), text =>
                    {
                        wasHeard = true;
                        Hear(text);
                    }).ConfigureAwait(false);
                    failures = wasHeard ? 1 : failures + 1;
                    if (left.IsCancellationRequested || failures > Retries || !IsPassing(ending.Code))
                    {
                        End(ending);
                        return;
                    }
                    TimeSpan pause = Pause(failures);
                    Lose(ending, pause);
                    await Task.WhenAny(Task.Delay(pause, left)).ConfigureAwait(false);
                }
            }
        }

        /// <summary>
        /// Whether another try may go better: the relay goes away or is too busy, or the network broke. Not when the
        /// room has ended (1000), when it was refused (4000 and up), or when what was sent is at fault.
        /// </summary>
        static bool IsPassing(int code)
        {
            return code == 1001 || code == Ending.Abnormal || (code >= 1011 && code <= 1014);
        }

        /// <summary>Twice as long with each failure; half of it random, so that not all come at once.</summary>
        TimeSpan Pause(int failures)
        {
            double seconds = RetryFirst.TotalSeconds * Math.Pow(2, failures - 1);
            seconds = Math.Min(seconds, RetryMax.TotalSeconds);
            return TimeSpan.FromSeconds(seconds * (0.5 + 0.5 * random.NextDouble()));
        }

        void Open(TextSocket connection)
        {
            lock (gate)
            {
                socket = connection;
                if (asked != null) connection.Send(asked);
                else if (room != null) connection.Send(JoinRequest(room));
            }
        }

        void Lose(Ending ending, TimeSpan pause)
        {
            lock (gate)
            {
                socket = null;
                isInside = false;
            }
            events.Enqueue(() =>
            {
                Room = MyId = null;
                if (Lost != null) Lost(ending, pause);
            });
        }

        void End(Ending ending)
        {
            lock (gate)
            {
                socket = null;
                isInside = false;
                asked = room = null;
                leaving = null;
            }
            events.Enqueue(() =>
            {
                Room = MyId = null;
                if (Closed != null) Closed(ending);
            });
        }

        // What the relay says ----------------------------------------------------------------------------------------

        void Hear(string text)
        {
            Dictionary<string, string> message;
            try
            {
                message = Json.Members(text);
            }
            catch (FormatException)
            {
                // Not of this protocol.
                return;
            }
            switch (Member(message, "type"))
            {
                case "room_created":
                case "room_joined":
                    Enter(Member(message, "roomId"), Member(message, "myId"));
                    break;
                case "error":
                    Refuse(Member(message, "message"));
                    break;
                case "signal":
                    string sender = Member(message, "senderId"), payload = Member(message, "payload");
                    events.Enqueue(() => { if (Signalled != null) Signalled(sender, payload); });
                    break;
                case "initiate_call":
                    string newcomer = Member(message, "peerId");
                    events.Enqueue(() => { if (NewcomerCame != null) NewcomerCame(newcomer); });
                    break;
            }
        }

        static string Member(Dictionary<string, string> message, string name)
        {
            string value;
            return message.TryGetValue(name, out value) ? value : "";
        }

        void Enter(string roomId, string myId)
        {
            lock (gate)
            {
                asked = null;
                room = roomId;
                isInside = !leaving.IsCancellationRequested;
            }
            events.Enqueue(() =>
            {
                Room = roomId;
                MyId = myId;
                if (Entered != null) Entered(roomId, myId);
            });
        }

        /// <summary>Who is in a room stays there. Who could not come back to one is in none.</summary>
        void Refuse(string reason)
        {
            lock (gate)
            {
                if (!isInside) room = null;
                asked = null;
            }
            events.Enqueue(() => { if (Refused != null) Refused(reason); });
        }
    }
}
