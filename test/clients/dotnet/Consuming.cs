using Azure.Messaging.EventHubs;
using Azure.Messaging.EventHubs.Consumer;
using Azure.Messaging.EventHubs.Primitives;

internal static class Consuming
{
    private const string Group = EventHubConsumerClient.DefaultConsumerGroupName;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The first body from each kind of position in partition 0, which holds "0" to "9".</summary>
    public static async Task<object> Positions(Hub hub)
    {
        var all = await Read(hub, EventPosition.Earliest, 10);
        var fifth = all[5];
        var positions = new Dictionary<string, EventPosition>
        {
            ["earliest"] = EventPosition.Earliest,
            ["offset"] = EventPosition.FromOffset(fifth.OffsetString, isInclusive: false),
            ["offset, inclusive"] = EventPosition.FromOffset(fifth.OffsetString, isInclusive: true),
            ["number"] = EventPosition.FromSequenceNumber(fifth.SequenceNumber, isInclusive: false),
            ["number, inclusive"] = EventPosition.FromSequenceNumber(fifth.SequenceNumber, isInclusive: true),
            ["time before all"] = EventPosition.FromEnqueuedTime(fifth.EnqueuedTime.AddHours(-1)),
        };
        var first = new Dictionary<string, string>();
        foreach (var (name, position) in positions) first[name] = (await Read(hub, position, 1))[0].EventBody.ToString();

        // From the latest position, only events sent after the link opens arrive.
        await using var receiver = Receiver(hub, EventPosition.Latest, retries: 0);
        var before = await receiver.ReceiveBatchAsync(1, TimeSpan.FromSeconds(1));
        await Hub.WaitForTest();
        var after = await receiver.ReceiveBatchAsync(1, Patience);
        first["latest"] = before.Concat(after).Single().EventBody.ToString();
        return first;
    }

    /// <summary>Opens a link at a position COUNT times without retries and reads one event from each.</summary>
    public static async Task<object> Opens(Hub hub)
    {
        var failures = new List<string>();
        var read = 0;
        for (var index = 0; index < hub.Count; index++)
        {
            var number = index % 10;
            var failure = await Failure.Of(async () =>
            {
                await using var receiver = Receiver(hub, EventPosition.FromSequenceNumber(number, isInclusive: true), retries: 0);
                var received = await receiver.ReceiveBatchAsync(1, Patience);
                if (received.Single().SequenceNumber != number) throw new InvalidOperationException("another event");
                read++;
            });
            if (failure != null) failures.Add(failure);
        }
        return new { read, failures };
    }

    /// <summary>What the client says where the service refuses.</summary>
    public static async Task<object> Refusals(Hub hub)
    {
        var owner = Receiver(hub, EventPosition.Earliest, retries: 0, ownerLevel: 5);
        await owner.ReceiveBatchAsync(1, Patience);
        var refused = new Dictionary<string, string?>
        {
            ["no such hub"] = await FailureOfReading(Receiver(hub with { Name = "nowhere" }, EventPosition.Earliest, retries: 0)),
            ["no such group"] = await FailureOfReading(Receiver(hub, EventPosition.Earliest, retries: 0, group: "nobody")),
            ["no such partition"] = await FailureOfReading(Receiver(hub, EventPosition.Earliest, retries: 0, partition: "7")),
            ["lower owner level"] = await FailureOfReading(Receiver(hub, EventPosition.Earliest, retries: 0, ownerLevel: 4)),
            ["no owner level"] = await FailureOfReading(Receiver(hub, EventPosition.Earliest, retries: 0)),
            ["beyond the end"] = await FailureOfReading(
                Receiver(hub, EventPosition.FromSequenceNumber(4_000), retries: 0, ownerLevel: 6)),
        };
        await using var client = new EventHubConsumerClient(Group, hub.ConnectionString, hub.Name, WithoutRetries());
        refused["properties of no such partition"] = await Failure.Of(() => client.GetPartitionPropertiesAsync("7"));
        await owner.CloseAsync();
        return refused;
    }

    /// <summary>Opens six readers of one partition and consumer group, and a seventh after one has gone.</summary>
    public static async Task<object> Readers(Hub hub)
    {
        var readers = new List<PartitionReceiver>();
        var outcomes = new List<string?>();
        for (var index = 0; index < 6; index++)
        {
            var reader = Receiver(hub, EventPosition.Earliest, retries: 0);
            readers.Add(reader);
            outcomes.Add(await FailureOfReading(reader, close: false));
        }
        await readers[0].CloseAsync();
        outcomes.Add(await FailureOfReading(Receiver(hub, EventPosition.Earliest, retries: 0), close: true));
        foreach (var reader in readers) await reader.CloseAsync();
        return outcomes;
    }

    /// <summary>Reads on after every connection broke.</summary>
    public static async Task<object> Reconnect(Hub hub)
    {
        await using var receiver = Receiver(hub, EventPosition.Earliest, retries: 5);
        var bodies = new List<string>();
        await Fill(5);
        await Hub.WaitForTest();
        await Fill(10);
        return bodies;

        async Task Fill(int upTo)
        {
            while (bodies.Count < upTo)
                bodies.AddRange((await receiver.ReceiveBatchAsync(upTo - bodies.Count, TimeSpan.FromSeconds(1))).Select(each => each.EventBody.ToString()));
        }
    }

    private static async Task<List<EventData>> Read(Hub hub, EventPosition from, int count)
    {
        await using var receiver = Receiver(hub, from, retries: 0);
        var events = new List<EventData>();
        while (events.Count < count) events.AddRange(await receiver.ReceiveBatchAsync(count - events.Count, Patience));
        return events;
    }

    private static async Task<string?> FailureOfReading(PartitionReceiver receiver, bool close = true)
    {
        var failure = await Failure.Of(() => receiver.ReceiveBatchAsync(1, TimeSpan.FromSeconds(2)));
        if (close) await receiver.CloseAsync();
        return failure;
    }

    private static EventHubConsumerClientOptions WithoutRetries() =>
        new() { RetryOptions = new EventHubsRetryOptions { MaximumRetries = 0 } };

    private static PartitionReceiver Receiver(
        Hub hub, EventPosition from, int retries, string group = Group, string partition = "0", long? ownerLevel = null) =>
        new(group, partition, from, hub.ConnectionString, hub.Name, new PartitionReceiverOptions
        {
            OwnerLevel = ownerLevel,
            RetryOptions = new EventHubsRetryOptions { MaximumRetries = retries, Delay = TimeSpan.FromMilliseconds(50) },
        });
}
