using System;
using System.Collections.Concurrent;
using System.IO;
using System.Net.WebSockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Lobbyist
{
    /// <summary>
    /// How a connection ended: the close frame's code and reason, or 1006 and what went wrong. A close frame without a
    /// code is 1000: .NET does not tell the two apart.
    /// </summary>
    public struct Ending
    {
        public const int Normal = 1000, Abnormal = 1006, TooBig = 1009;

        public readonly int Code;
        public readonly string Reason;

        public Ending(int code, string reason)
        {
            Code = code;
            Reason = reason ?? "";
        }
    }

    /// <summary>One WebSocket connection: texts go out in order and come in whole.</summary>
    public sealed class TextSocket
    {
        const int MessageBytesMax = 1 << 20;
        // Who sends this many signals before one of them has left sends too fast, or the network stands still.
        const int WaitingMax = 1024;
        static readonly UTF8Encoding Utf8 = new UTF8Encoding(false);

        readonly ConcurrentQueue<string> waiting = new ConcurrentQueue<string>();
        readonly SemaphoreSlim news = new SemaphoreSlim(0);
        readonly CancellationTokenSource over = new CancellationTokenSource();
        readonly TimeSpan closeTimeout;
        volatile bool closing;

        public TextSocket(TimeSpan closeTimeout)
        {
            this.closeTimeout = closeTimeout;
        }

        /// <returns>False when too much waits already: then it was not taken.</returns>
        public bool Send(string text)
        {
            if (closing || waiting.Count >= WaitingMax) return false;
            waiting.Enqueue(text);
            news.Release();
            return true;
        }

        /// <summary>Sends what waits, then says goodbye. What hangs is cut off after a while.</summary>
        public void Close()
        {
            closing = true;
            over.CancelAfter(closeTimeout);
            news.Release();
        }

        /// <summary>Connects, and answers when the connection has ended. `heard`: one text at a time.</summary>
        public async Task<Ending> Run(Uri url, TimeSpan connectTimeout, Action opened, Action<string> heard)
        {
            using (var socket = new ClientWebSocket())
            {
                try
                {
                    using (var limit = CancellationTokenSource.CreateLinkedTokenSource(over.Token))
                    {
                        limit.CancelAfter(connectTimeout);
                        await socket.ConnectAsync(url, limit.Token).ConfigureAwait(false);
                    }
                    opened();
                    Task sending = SendAll(socket);
                    try
                    {
                        return await Receive(socket, heard).ConfigureAwait(false);
                    }
                    finally
                    {
                        over.Cancel();
                        await sending.ConfigureAwait(false);
                    }
                }
                catch (Exception error)
                {
                    // What is thrown differs from one runtime to the next; the connection is over in any case.
                    if (closing) return new Ending(Ending.Normal, "");
                    return new Ending(Ending.Abnormal, error.GetBaseException().Message);
                }
            }
        }

        async Task SendAll(ClientWebSocket socket)
        {
            try
            {
                while (true)
                {
                    await news.WaitAsync(over.Token).ConfigureAwait(false);
                    string text;
                    if (waiting.TryDequeue(out text))
                    {
                        await socket.SendAsync(new ArraySegment<byte>(Utf8.GetBytes(text)), WebSocketMessageType.Text,
                            true, over.Token).ConfigureAwait(false);
                    }
                    else if (closing)
                    {
                        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", over.Token)
                            .ConfigureAwait(false);
                        return;
                    }
                }
            }
            catch (Exception)
            {
                // Whoever receives hears of it, too.
            }
        }

        async Task<Ending> Receive(ClientWebSocket socket, Action<string> heard)
        {
            var buffer = new ArraySegment<byte>(new byte[8192]);
            var message = new MemoryStream();
            while (true)
            {
                WebSocketReceiveResult result = await socket.ReceiveAsync(buffer, over.Token).ConfigureAwait(false);
                if (result.MessageType == WebSocketMessageType.Close) return await Answer(socket).ConfigureAwait(false);
                if (message.Length + result.Count > MessageBytesMax)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.MessageTooBig, "", over.Token)
                        .ConfigureAwait(false);
                    return new Ending(Ending.TooBig, "a message has more than " + MessageBytesMax + " bytes");
                }
                message.Write(buffer.Array, 0, result.Count);
                if (!result.EndOfMessage) continue;
                // What is binary is not of this protocol.
                if (result.MessageType == WebSocketMessageType.Text) heard(Utf8.GetString(message.ToArray()));
                message.SetLength(0);
            }
        }

        /// <summary>Answers the other side's close frame, unless it is itself the answer to ours.</summary>
        async Task<Ending> Answer(ClientWebSocket socket)
        {
            var ending = new Ending(
                (int)(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure), socket.CloseStatusDescription);
            if (socket.State == WebSocketState.CloseReceived)
            {
                try
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", over.Token)
                        .ConfigureAwait(false);
                }
                catch (Exception)
                {
                    // It has gone without waiting for the answer.
                }
            }
            return ending;
        }
    }
}
