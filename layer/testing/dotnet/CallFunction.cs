using System;
using System.IO;
using System.Threading.Tasks;

/// <summary>Calls the sample function as its runtime does, and prints what it returns.</summary>
public static class CallFunction
{
    public static async Task Main()
    {
        using var returned = await new Function().Handler(Stream.Null);
        returned.CopyTo(Console.OpenStandardOutput());
    }
}
