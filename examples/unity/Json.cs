using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Lobbyist
{
    /// <summary>As much JSON as signaling needs: all that Unity has comes with Unity, or in a package.</summary>
    public static class Json
    {
        const int DepthMax = 64;

        /// <summary>An object's members: strings as what they mean, others as written, null left out.</summary>
        /// <exception cref="FormatException">The text is no JSON object.</exception>
        public static Dictionary<string, string> Members(string text)
        {
            var members = new Dictionary<string, string>();
            int at = Blank(text, 0);
            Expect(text, ref at, '{');
            at = Blank(text, at);
            if (Peek(text, at) == '}')
            {
                at++;
            }
            else
            {
                do
                {
                    at = Blank(text, at);
                    string name = String(text, ref at);
                    at = Blank(text, at);
                    Expect(text, ref at, ':');
                    at = Blank(text, at);
                    if (Peek(text, at) == '"')
                    {
                        members[name] = String(text, ref at);
                    }
                    else
                    {
                        int start = at;
                        Skip(text, ref at, DepthMax);
                        string written = text.Substring(start, at - start);
                        if (written != "null") members[name] = written;
                    }
                    at = Blank(text, at);
                }
                while (More(text, ref at, '}'));
            }
            if (Blank(text, at) != text.Length) throw Wrong(at);
            return members;
        }

        /// <summary>A string as JSON, with its quotation marks.</summary>
        public static string Quote(string value)
        {
            var json = new StringBuilder("\"", value.Length + 16);
            foreach (char unit in value)
            {
                if (unit == '"' || unit == '\\') json.Append('\\').Append(unit);
                else if (unit == '\n') json.Append("\\n");
                else if (unit == '\r') json.Append("\\r");
                else if (unit == '\t') json.Append("\\t");
                // Halves of surrogate pairs too: one that is alone would not survive UTF-8.
                else if (unit < ' ' || char.IsSurrogate(unit)) json.Append("\\u").Append(((int)unit).ToString("x4"));
                else json.Append(unit);
            }
            return json.Append('"').ToString();
        }

        static char Peek(string text, int at)
        {
            return at < text.Length ? text[at] : '\0';
        }

        static int Blank(string text, int at)
        {
            while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0) at++;
            return at;
        }

        static void Expect(string text, ref int at, char expected)
        {
            if (Peek(text, at) != expected) throw Wrong(at);
            at++;
        }

        /// <summary>Steps over a comma, or over the end of a list or an object.</summary>
        static bool More(string text, ref int at, char end)
        {
            char found = Peek(text, at);
            if (found != ',' && found != end) throw Wrong(at);
            at++;
            return found == ',';
        }

        static string String(string text, ref int at)
        {
            Expect(text, ref at, '"');
            var value = new StringBuilder();
            while (Peek(text, at) != '"')
            {
                if (at >= text.Length || text[at] < ' ') throw Wrong(at);
                value.Append(text[at] == '\\' ? Escaped(text, ref at) : text[at++]);
            }
            at++;
            return value.ToString();
        }

        static char Escaped(string text, ref int at)
        {
            char kind = Peek(text, at + 1);
            at += 2;
            switch (kind)
            {
                case '"': case '\\': case '/': return kind;
                case 'b': return '\b';
                case 'f': return '\f';
                case 'n': return '\n';
                case 'r': return '\r';
                case 't': return '\t';
            }
            ushort unit = 0;
            bool valid = kind == 'u' && at + 4 <= text.Length && ushort.TryParse(
                text.Substring(at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out unit);
            if (!valid) throw Wrong(at);
            at += 4;
            return (char)unit;
        }

        static void Skip(string text, ref int at, int depth)
        {
            char first = Peek(text, at);
            if (first == '"')
            {
                String(text, ref at);
                return;
            }
            if (first == '{' || first == '[')
            {
                if (depth == 0) throw Wrong(at);
                char end = first == '{' ? '}' : ']';
                at = Blank(text, at + 1);
                if (Peek(text, at) == end)
                {
                    at++;
                    return;
                }
                do
                {
                    at = Blank(text, at);
                    if (first == '{')
                    {
                        String(text, ref at);
                        at = Blank(text, at);
                        Expect(text, ref at, ':');
                        at = Blank(text, at);
                    }
                    Skip(text, ref at, depth - 1);
                    at = Blank(text, at);
                }
                while (More(text, ref at, end));
                return;
            }
            // A number, true, false or null.
            int start = at;
            while (at < text.Length && (char.IsLetterOrDigit(text[at]) || "+-.".IndexOf(text[at]) >= 0)) at++;
            if (at == start) throw Wrong(at);
        }

        static FormatException Wrong(int at)
        {
            return new FormatException("no JSON object: character " + at);
        }
    }
}
