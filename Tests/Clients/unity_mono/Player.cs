using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using Lobbyist;

/// <summary>A client whose events are written down, one text each, and waited for one by one.</summary>
sealed class Player : IDisposable
{
    const double WaitSeconds = 10;
    const double QuietSeconds = 0.3;

    public readonly RoomClient Client;
    readonly Queue<string> heard = new Queue<string>();
    readonly int thread = Thread.CurrentThread.ManagedThreadId;

    public Player(string url)
    {
        Client = new RoomClient(url) { RetryFirst = TimeSpan.FromSeconds(0.1), RetryMax = TimeSpan.FromSeconds(0.4) };
        Client.Entered += (room, myId) => Note("entered " + room + " " + myId);
        Client.Refused += reason => Note("refused " + reason);
        Client.Signalled += (sender, payload) => Note("signal " + sender + " " + payload);
        Client.NewcomerCame += id => Note("newcomer " + id);
        Client.Lost += (ending, pause) => Note("lost " + ending.Code);
        Client.Closed += ending => Note("closed " + ending.Code + " " + ending.Reason);
    }

    public void Dispose()
    {
        Client.Dispose();
    }

    void Note(string text)
    {
        heard.Enqueue(Thread.CurrentThread.ManagedThreadId == thread ? text : "on another thread: " + text);
    }

    public string Next(double seconds = WaitSeconds)
    {
        var clock = Stopwatch.StartNew();
        while (heard.Count == 0 && clock.Elapsed.TotalSeconds < seconds)
        {
            Client.Pump();
            if (heard.Count == 0) Thread.Sleep(1);
        }
        return heard.Count > 0 ? heard.Dequeue() : "nothing";
    }


    public string Quiet()
    {
        return Next(QuietSeconds);
    }

    public Player Create()
    {
        Client.Create();
        Check.Matches("create: a room of four digits and an id", Next(), "entered [1-9][0-9]{3} [0-9a-f-]{36}");
        return this;
    }

    public Player Join(Player host)
    {
        Client.Join(host.Client.Room);
        Check.Matches("join: the room and an id", Next(), "entered " + host.Client.Room + " [0-9a-f-]{36}");
        return this;
    }

    public void Leave()
    {
        Client.Close();
        Check.Equal("who leaves hears so", Next(), "closed 1000 ");
    }

    public void SaysTo(string name, string payload, params Player[] others)
    {
        Check.True(name + ": is sent", Client.Send(payload));
        foreach (Player other in others)
        {
            Check.Equal(name + ": is heard", other.Next(), "signal " + Client.MyId + " " + payload);
        }
    }
}
