using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Threading;
using Lobbyist;

/// <summary>
/// `Scenarios.exe URL NAME`. What the network must do is asked for on standard output, `DO cut`, and answered by a line
/// on standard input when it is done.
/// </summary>
static class Scenarios
{
    static string url;

    static int Main(string[] arguments)
    {
        url = arguments[0];
        var scenarios = new Dictionary<string, Action>
        {
            { "json", Texts },
            { "rooms", Rooms },
            { "payloads", Payloads },
            { "leaving", Leaving },
            { "refusals", Refusals },
            { "mesh", Mesh },
            { "room_ends", RoomEnds },
            { "thrown_out", ThrownOut },
            { "reconnect", Reconnect },
            { "restart", Restart },
            { "nobody_there", NobodyThere },
            { "adapter", Adapter },
        };
        scenarios[arguments[1]]();
        return 0;
    }

    static void Do(string what)
    {
        Console.WriteLine("DO " + what);
        Console.Out.Flush();
        Console.ReadLine();
    }

    static Player[] Players(int count)
    {
        return Enumerable.Range(0, count).Select(_ => new Player(url)).ToArray();
    }

    static void Goodbye(params Player[] players)
    {
        foreach (Player player in players) player.Leave();
    }

    static void Texts()
    {
        var members = Json.Members(
            " { \"a\" : \"\\u00e9 \\ud83d\\ude00 \\\"\\\\\\/\\b\\f\\n\\r\\t\" , \"b\":{\"c\":[1,{\"d\":\"}\"}]},"
            + "\"n\":-1.5e+3,\"t\":true,\"z\":null,\"e\":{},\"l\":[ ] } ");
        Check.Equal("escapes", members["a"], "é 😀 \"\\/\b\f\n\r\t");
        Check.Equal("nested as written", members["b"], "{\"c\":[1,{\"d\":\"}\"}]}");
        Check.Equal("others as written", members["n"] + members["t"] + members["e"] + members["l"],
            "-1.5e+3true{}[ ]");
        Check.True("null is left out", !members.ContainsKey("z") && members.Count == 6);
        Check.True("nothing in it", Json.Members("{}").Count == 0);
        foreach (string wrong in new[]
        {
            "", "{", "[]", "1", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1}x", "{\"a\":\"\n\"}", "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12\"}", "{a:1}", "{\"a\":[1}", "{\"a\":\"", "{\"a\":" + new string('[', 100000),
        })
        {
            string outcome = "understood";
            try
            {
                Json.Members(wrong);
            }
            catch (FormatException)
            {
                outcome = "wrong";
            }
            Check.Equal("no object: " + wrong.Substring(0, Math.Min(wrong.Length, 20)), outcome, "wrong");
        }
        string text = "\"\\/\b\f\n\r\t\0\u001f é 漢字 😀 \u2028";
        Check.Equal("there and back", Json.Members("{\"a\":" + Json.Quote(text) + "}")["a"], text);
        Signal signal = Signal.Parse(Signal.IceCandidate("candidate:1", null, 3).ToString());
        Check.Equal("signal: there and back", signal.Candidate + signal.SdpMid + signal.SdpMLineIndex, "candidate:13");
        signal = Signal.Parse("{\"sdp\":\"v=0\",\"sdpType\":\"offer\",\"sdpMid\":null}");
        Check.Equal("signal: what is missing is empty", signal.SdpType + signal.Sdp + signal.SdpMid + signal.Command,
            "offerv=0");
    }

    static void Rooms()
    {
        Player[] all = Players(3);
        Player ana = all[0].Create(), bob = all[1].Join(ana), cid = all[2].Join(ana);
        Check.True("three ids", all.Select(player => player.Client.MyId).Distinct().Count() == 3);
        ana.SaysTo("to both others", "hello", bob, cid);
        bob.SaysTo("back", "hello yourself", ana, cid);
        for (int number = 0; number < 200; number++) ana.Client.Send(number.ToString());
        bool ordered = Enumerable.Range(0, 200).All(number => bob.Next() == "signal " + ana.Client.MyId + " " + number);
        Check.True("200 signals in order", ordered);
        for (int number = 0; number < 200; number++) cid.Next();
        Check.Equal("nobody hears itself", ana.Quiet(), "nothing");
        Goodbye(all);
    }

    static void Payloads()
    {
        Player[] all = Players(2);
        Player ana = all[0].Create(), bob = all[1].Join(ana);
        bob.SaysTo("nothing", "", ana);
        bob.SaysTo("escapes", "\"\\/\b\f\n\r\t\0\u001f", ana);
        bob.SaysTo("other scripts", "é 漢字 😀 \u2028", ana);
        bob.SaysTo("20,000 characters", new string('x', 20000), ana);
        bob.SaysTo("50,000 characters, each more than one byte", new string('é', 25000), ana);
        Signal offer = Signal.Description("offer", "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n");
        Check.True("an offer is sent", bob.Client.Send(offer));
        string heard = ana.Next();
        Signal got = Signal.Parse(heard.Substring(("signal " + bob.Client.MyId + " ").Length));
        Check.Equal("an offer arrives", got.SdpType + got.Sdp, offer.SdpType + offer.Sdp);
        Goodbye(all);
    }

    static void Leaving()
    {
        Player[] all = Players(4);
        Player ana = all[0].Create(), bob = all[1].Join(ana), cid = all[2].Join(ana);
        string room = ana.Client.Room;
        bob.Leave();
        Check.True("outside of a room nothing is sent", !bob.Client.Send("x") && bob.Client.Room == null);
        Check.Equal("nobody hears of it", ana.Quiet(), "nothing");
        ana.SaysTo("who stayed goes on", "still here", cid);
        ana.Leave();
        Check.Equal("the creator may go", cid.Quiet(), "nothing");
        all[3].Client.Join(room);
        Check.Matches("and the room goes on", all[3].Next(), "entered " + room + " .*");
        cid.SaysTo("without it", "hello", all[3]);
        ana.Client.Join(room);
        Check.Matches("who left comes again", ana.Next(), "entered " + room + " .*");
        cid.SaysTo("and hears the others", "welcome", all[3], ana);
        Goodbye(cid, all[3], ana);
    }

    static void Refusals()
    {
        Player[] all = Players(2);
        Player ana = all[0], bob = all[1];
        ana.Client.Join("0000");
        Check.Equal("no such room", ana.Next(), "refused Room not found");
        Check.True("then nothing is sent", !ana.Client.Send("x"));
        ana.Create();
        bob.Join(ana);
        ana.Client.Join("none");
        Check.Equal("no such room, from within one", ana.Next(), "refused Room not found");
        bob.SaysTo("then it is still in its own", "hello", ana);
        string first = ana.Client.Room;
        ana.Create();
        Check.True("another room", ana.Client.Room != first);
        Check.True("what is said in the old one", bob.Client.Send("hello"));
        Check.Equal("is not heard any more", ana.Quiet(), "nothing");
        string outcome = "taken";
        try
        {
            new RoomClient("http://localhost/").Dispose();
        }
        catch (ArgumentException)
        {
            outcome = "refused";
        }
        Check.Equal("a URL of another kind", outcome, "refused");
        Goodbye(all);
    }

    static void Mesh()
    {
        url += "/?initiate_call=1";
        Player[] all = Players(3);
        Player ana = all[0].Create(), bob = all[1].Join(ana);
        Check.Equal("who is there hears of a newcomer", ana.Next(), "newcomer " + bob.Client.MyId);
        Player cid = all[2].Join(ana);
        Check.Equal("of the next one, too", ana.Next(), "newcomer " + cid.Client.MyId);
        Check.Equal("everybody does", bob.Next(), "newcomer " + cid.Client.MyId);
        ana.Client.Send("for you", cid.Client.MyId);
        Check.Equal("a signal for one", cid.Next(), "signal " + ana.Client.MyId + " for you");
        Check.Equal("is for that one alone", bob.Quiet(), "nothing");
        Goodbye(all);
    }

    static void RoomEnds()
    {
        Player[] all = Players(2);
        all[1].Join(all[0].Create());
        // Its close frame has no code, which .NET takes for 1000.
        foreach (Player player in all) Check.Equal("a room ends", player.Next(), "closed 1000 ");
        all[0].Create();
        Goodbye(all[0]);
    }

    static void ThrownOut()
    {
        Player ana = Players(1)[0].Create();
        for (int number = 0; number < 20; number++) ana.Client.Send("much");
        Check.Equal("the close reason", ana.Next(), "closed 1008 Too many messages");
        Check.Equal("and no try to come back", ana.Quiet(), "nothing");
    }

    static void Reconnect()
    {
        Player[] all = Players(2);
        Player ana = all[0].Create(), bob = all[1].Join(ana);
        string room = ana.Client.Room, before = ana.Client.MyId;
        Do("cut");
        Check.Equal("a cut is noticed", ana.Next(), "lost 1006");
        Check.True("meanwhile nothing is sent", !ana.Client.Send("x"));
        Check.Matches("the same room again", ana.Next(), "entered " + room + " .*");
        Check.True("under a new id", ana.Client.MyId != before);
        Check.Equal("the other too", bob.Next(), "lost 1006");
        Check.Matches("comes back", bob.Next(), "entered " + room + " .*");
        ana.SaysTo("it goes on", "back", bob);
        bob.SaysTo("both ways", "me too", ana);
        Do("refuse");
        Check.Equal("cut again", ana.Next(), "lost 1006");
        Check.Equal("a first try in vain", ana.Next(), "lost 1006");
        ana.Client.Close();
        string last = ana.Next();
        while (last == "lost 1006") last = ana.Next();
        Check.Equal("who leaves meanwhile has left", last, "closed 1000 ");
        bob.Client.Close();
        do last = bob.Next(); while (last == "lost 1006");
        Check.Equal("the other as well", last, "closed 1000 ");
    }

    static void Restart()
    {
        Player ana = Players(1)[0].Create();
        Do("restart");
        Check.Equal("the relay says that it goes", ana.Next(), "lost 1001");
        string next = ana.Next();
        while (next == "lost 1006") next = ana.Next();
        Check.Equal("its rooms have gone with it", next, "refused Room not found");
        ana.Create();
        Goodbye(ana);
    }

    static void NobodyThere()
    {
        Player ana = Players(1)[0];
        ana.Client.Retries = 3;
        ana.Client.Create();
        for (int number = 0; number < 3; number++) Check.Equal("no relay: tries again", ana.Next(), "lost 1006");
        Check.Matches("no relay: gives up, and says why", ana.Next(), "closed 1006 .+");
    }

    static void Adapter()
    {
        var component = new UnityAdapter();
        Call(component, "relay", url);
        Call(component, "Awake");
        component.Client.Create();
        for (int frame = 0; frame < 500 && component.Client.Room == null; frame++)
        {
            Call(component, "Update");
            Thread.Sleep(10);
        }
        Check.Matches("the adapter enters a room", UnityEngine.Debug.Last, "in room [1-9][0-9]{3} as [0-9a-f-]{36}");
        Call(component, "OnDestroy");
        Do("left");
    }

    /// <summary>What Unity does: it sets private fields, and calls private methods.</summary>
    static void Call(UnityAdapter component, string name, string value = null)
    {
        const BindingFlags Private = BindingFlags.Instance | BindingFlags.NonPublic;
        if (value != null) typeof(UnityAdapter).GetField(name, Private).SetValue(component, value);
        else typeof(UnityAdapter).GetMethod(name, Private).Invoke(component, null);
    }
}
