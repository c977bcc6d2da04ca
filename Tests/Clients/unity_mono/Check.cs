using System;
using System.Text.RegularExpressions;

static class Check
{
    public static void True(string name, bool condition)
    {
        Note(name, condition, "true", "false");
    }

    public static void Equal(string name, string got, string expected)
    {
        Note(name, got == expected, expected, got);
    }

    public static void Matches(string name, string got, string pattern)
    {
        Note(name, Regex.IsMatch(got, "^(?:" + pattern + ")$"), pattern, got);
    }

    static void Note(string name, bool condition, string expected, string got)
    {
        string line = "PASS " + name;
        if (!condition) line = "FAIL " + name + ": expected " + Brief(expected) + " got " + Brief(got);
        Console.WriteLine(line.Replace("\r", "\\r").Replace("\n", "\\n"));
    }

    static string Brief(string text)
    {
        return text.Length <= 200 ? text : text.Substring(0, 200) + "… (" + text.Length + " characters)";
    }
}
