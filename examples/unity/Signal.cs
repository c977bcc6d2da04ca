using System.Globalization;

namespace Lobbyist
{
    /// <summary>What two players tell each other to become connected: the payload that Unity clients use.</summary>
    public sealed class Signal
    {
        /// <summary>"offer" or "answer" with <see cref="Sdp"/>, otherwise empty.</summary>
        public string SdpType = "";
        public string Sdp = "";
        public string Candidate = "";
        public string SdpMid = "";
        public int SdpMLineIndex;
        /// <summary>Something else: "ready" asks the other to make an offer.</summary>
        public string Command = "";

        public static Signal Ready { get { return new Signal { Command = "ready" }; } }

        public static Signal Description(string type, string sdp)
        {
            return new Signal { SdpType = type, Sdp = sdp };
        }

        public static Signal IceCandidate(string candidate, string mid, int? index)
        {
            return new Signal { Candidate = candidate, SdpMid = mid ?? "", SdpMLineIndex = index ?? 0 };
        }

        public override string ToString()
        {
            return "{\"sdp\":" + Json.Quote(Sdp) + ",\"sdpType\":" + Json.Quote(SdpType)
                + ",\"candidate\":" + Json.Quote(Candidate) + ",\"sdpMid\":" + Json.Quote(SdpMid)
                + ",\"sdpMLineIndex\":" + SdpMLineIndex.ToString(CultureInfo.InvariantCulture)
                + ",\"command\":" + Json.Quote(Command) + "}";
        }

        /// <exception cref="System.FormatException">The payload is no JSON object.</exception>
        public static Signal Parse(string payload)
        {
            var members = Json.Members(payload);
            var signal = new Signal();
            string value;
            if (members.TryGetValue("sdpType", out value)) signal.SdpType = value;
            if (members.TryGetValue("sdp", out value)) signal.Sdp = value;
            if (members.TryGetValue("candidate", out value)) signal.Candidate = value;
            if (members.TryGetValue("sdpMid", out value)) signal.SdpMid = value;
            if (members.TryGetValue("command", out value)) signal.Command = value;
            if (members.TryGetValue("sdpMLineIndex", out value))
            {
                int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out signal.SdpMLineIndex);
            }
            return signal;
        }
    }
}
