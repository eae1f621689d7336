// Drives an event hub with Microsoft's own .NET client, for test/clients/event-hub.test.ts.
//
// Usage: event-hubs-client SCENARIO CONNECTION_STRING HUB [COUNT]
// Prints one line of JSON with the client's results. A scenario that waits for the test first prints "ready" on its own
// line and reads a line from standard input.
using System.Text.Json;

var scenarios = new Dictionary<string, Func<Hub, Task<object>>>
{
    ["properties"] = Producing.Properties,
    ["send"] = Producing.Send,
    ["too-large"] = Producing.TooLarge,
    ["buffered"] = Producing.Buffered,
    ["positions"] = Consuming.Positions,
    ["opens"] = Consuming.Opens,
    ["refusals"] = Consuming.Refusals,
    ["readers"] = Consuming.Readers,
    ["reconnect"] = Consuming.Reconnect,
    ["processor"] = Processing.Checkpoints,
    ["takeover"] = Processing.Takeover,
    ["throughput"] = Processing.Throughput,
};

if (args.Length < 3 || !scenarios.TryGetValue(args[0], out var scenario))
{
    Console.Error.WriteLine($"Usage: event-hubs-client {string.Join('|', scenarios.Keys)} CONNECTION_STRING HUB [COUNT]");
    return 2;
}
var count = args.Length > 3 ? int.Parse(args[3]) : 0;
Console.WriteLine(JsonSerializer.Serialize(await scenario(new Hub(args[1], args[2], count))));
return 0;

/// <summary>Where the hub is; <c>Count</c> is what a scenario counts to.</summary>
internal sealed record Hub(string ConnectionString, string Name, int Count)
{
    /// <summary>Tells the test that it can act, and waits until it has.</summary>
    public static async Task WaitForTest()
    {
        Console.WriteLine("ready");
        await Console.In.ReadLineAsync();
    }
}
