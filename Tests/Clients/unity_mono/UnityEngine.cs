// As much of Unity as the adapter names, so that it is compiled and run without Unity.
using System;

namespace UnityEngine
{
    [AttributeUsage(AttributeTargets.Field)]
    public sealed class SerializeField : Attribute
    {
    }

    public class MonoBehaviour
    {
    }

    public static class Debug
    {
        public static string Last = "";

        public static void Log(object message)
        {
            Last = message.ToString();
        }

        public static void LogWarning(object message)
        {
            Last = message.ToString();
        }
    }
}
